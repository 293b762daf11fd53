"""Video files, through PyAV (extra `video`).

formats   which files are videos
source    open a video, refuse by name what is not supported, decode its frames one by one
coding    H.264 encoders of the picture and of small pictures of faces
mux       write a file from coded pictures and the source's sound, subtitles and chapters
"""
