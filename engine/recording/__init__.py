"""The recording file: writer, reader, the library of recordings, and the card that shows one."""
