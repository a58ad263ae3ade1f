"""The pages of the published site."""
