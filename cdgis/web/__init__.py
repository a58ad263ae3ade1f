"""The desk (研判台): cases screened, reviewed and finalised in a browser by the functions the command line calls."""
