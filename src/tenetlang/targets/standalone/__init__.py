"""The runtime of the target `python`, in parts that `targets/python.py` joins into one file.

It is written for Python 3.9 and its standard library, so it has no `match`, no attrs and no `X | Y` outside of annotations. The
parts are never imported by tenetlang: they are text, that happens to be checked like the rest.
"""
