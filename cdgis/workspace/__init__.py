"""The workspace: its settings, its catalogue of layers, and the frames that layers and subjects come in."""
