"""Regular languages of texts: is there a text that matches these patterns and none of those?"""
