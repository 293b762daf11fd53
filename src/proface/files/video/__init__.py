"""Videos: path in, path out.

survey    find the faces of a video, linked to tracks, and when each frame is shown
work      the folder of a run in progress, from which an interrupted one goes on
protect   code the covered picture and seal the faces, segment by segment; write the file
access    read a protected video's header and chunks, and open its key
recovered_frames   put the faces back, frame by frame
recover   write a recovered video; `verify` recovers in memory and compares
sheet     a contact sheet of the faces
"""
