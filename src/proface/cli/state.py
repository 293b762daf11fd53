"""What the options before the command's name say."""

debug = False  # show the traceback of a fault of this program
