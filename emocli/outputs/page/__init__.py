"""The parts of the HTML pages: templates, style, scripts, and their words in each language."""
