"""River dossiers as pages, documents and workbooks."""
