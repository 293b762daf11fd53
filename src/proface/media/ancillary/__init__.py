"""What a file holds besides its main picture: comments, previews, further pictures, films, tags.

`parts` says what a part is, and how they are sealed; `read` finds and names them in a file, by a
reader for each container; `write` puts them back.
"""
