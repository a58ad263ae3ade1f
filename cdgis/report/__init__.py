"""Everything a reader sees: tables, the overview map and one page per judged subject."""
