"""Maps and charts drawn as vector paths or pixels."""
