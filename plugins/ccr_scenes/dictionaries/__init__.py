"""What the translator knows: per target language, words and phrases for English ones.

`NOUNS` and `ADJECTIVES` give words of the target grammar (uninflected), `SENSES` the wrong sense in which some English
words are now and then taken. In `PHRASES`, braces stand for the noun phrase that follows and may name its case; `*` is
the case that the clause began with. A word that is not here is unknown to the translator and passes as it is.
`phrase` inflects, or fails to (`slip`: "form" or "order"). For the way back into English there are `ARTICLES`,
`TO_ENGLISH` with its phrases, and `forms`, all inflected forms of a word of the grammar.
"""
