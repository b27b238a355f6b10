"""Every text that is shown in the reader's language, in Japanese (`ja.json`) and English (`en.json`). PURE.

Owns the catalogue of the service, and how a catalogue is read. The pages add theirs (`dashboard/locale`).
Must not choose a language. A command's help and a text in both languages at once need no catalogue.
"""
