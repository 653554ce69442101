"""The published procedures, as the authors run them: what the speed suite compares with.

Extraction calls the authors' own library. Everything else is written anew from the description of the method (Sun et
al., Briefings in Bioinformatics 2025, doi 10.1093/bib/bbaf434): the same steps, the same settings, the same tables
between the steps. Nothing here is imported by the package.
"""
