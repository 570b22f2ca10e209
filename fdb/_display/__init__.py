"""How keys and values are shown to a person, and how a person types them.

Used by the command line, the page and notebooks alike, so that what one shows can be typed into the others.
Nothing here needs more than the package itself.
"""
