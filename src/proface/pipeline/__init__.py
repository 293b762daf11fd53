"""The steps on one picture in memory: arrays, boxes and keys, no files. Start reading here.

regions   detect faces, choose the regions to hide
protect   apply the look, then hide each region's original in its obfuscated pixels
recover   reveal the originals with the keys of the regions
quality   PSNR, and the minimum for a recovered face
"""
