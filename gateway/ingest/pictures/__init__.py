"""Pictures of cameras: taken by mail, folder, upload or topic, each an event; kept within a room; named.

Owns everything between the bytes of a picture and its event, file and name. Foreign bytes are read in a
process of their own (`reader_process`). Must not decide who may see a picture.
"""
