"""The recording file: its format, writer and reader, the library of recordings, and the card that shows one."""
