// Nothing: the target needs a source file so that its precompiled header is made.
