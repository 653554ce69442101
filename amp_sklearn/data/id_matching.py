"""Ids of proteins in their usual forms, and which sequence a given form means."""

import difflib
import re

_UNIPROT_HEADER = re.compile(r"(?:sp|tr)\|([^|\s]+)\|([^|\s]+)")
_ACCESSION = r"(?:[OPQ][0-9][A-Z0-9]{3}[0-9]|[A-NR-Z][0-9](?:[A-Z][A-Z0-9]{2}[0-9]){1,2})"
_ISOFORM = re.compile(rf"({_ACCESSION})-([0-9]+)")
_GENE = re.compile(r"\bGN=(\S+)")
_ID_LIKE = re.compile(
    rf"{_ACCESSION}(?:-[0-9]+)?|(?:sp|tr)\|.*|[A-Z0-9]{{1,10}}_[A-Z0-9]{{3,5}}|[A-Za-z]{{0,6}}_?[0-9]+(?:\.[0-9]+)?"
    r"|[0-9]+\.[A-Za-z0-9_.]+"
)


class NamedSequences(dict):
    """Sequences by id that also know other names of the proteins.

    Attributes
    ----------
    names : dict of str to set of str
        Ids of the proteins that go by another name: accession or entry name of a UniProt id, gene name.
    notes : tuple of str
        What was left aside on reading, see ``Table``.
    """

    def __init__(self, sequences=()):
        super().__init__(sequences)
        self.names: dict[str, set[str]] = {}
        self.notes: tuple[str, ...] = ()
        for protein in self:
            self.add_names(protein, other_forms(protein))

    def add_names(self, protein, names):
        """Record names of a protein; its own id is none."""
        for name in names:
            if name and name != protein:
                self.names.setdefault(name, set()).add(protein)


def other_forms(protein):
    """Names inside an id, each the name of the same protein.

    Parameters
    ----------
    protein : str

    Returns
    -------
    list of str

    Examples
    --------
    >>> from amp_sklearn.data.id_matching import other_forms
    >>> other_forms("sp|P04637|P53_HUMAN"), other_forms("P04637-1"), other_forms("YAL001C")
    (['P04637', 'P53_HUMAN'], ['P04637'], [])
    """
    found = _UNIPROT_HEADER.fullmatch(protein.strip())
    if found:
        return [found[1], found[2], *other_forms(found[1])]
    isoform = _ISOFORM.fullmatch(protein.strip())
    return [isoform[1]] if isoform else []


def names_in_header(header):
    """Names of a protein in the line of a FASTA file, without ``>``: accession, entry name and gene name of UniProt.

    Parameters
    ----------
    header : str

    Returns
    -------
    list of str
    """
    word = header.split(maxsplit=1)[0] if header.strip() else ""
    gene = _GENE.search(header)
    return [word, *other_forms(word), *([gene[1]] if gene else [])]


def looks_like_id(text):
    """Whether a text is an id of a protein in a usual form, and no sequence."""
    return len(text) <= 40 and _ID_LIKE.fullmatch(text.strip()) is not None


def match_ids(wanted, sequences):
    """Find the sequences that ids mean.

    An equal id always wins. Otherwise white space around the id, the parts of ``sp|P04637|P53_HUMAN``, the first
    isoform (``P04637-1``) and the names that the source of sequences told are tried; one is taken where all proteins that
    go by it have the same sequence. A name that an entry shares with its isoforms is the entry's. No isoform but the
    first stands for an entry, or an entry for it, and the first only where the sequences hold no other.

    Parameters
    ----------
    wanted : iterable of str
    sequences : dict or NamedSequences
        Sequences by id.

    Returns
    -------
    dict of str to str
        Id among the sequences of each wanted id that was found.
    """
    named = sequences if isinstance(sequences, NamedSequences) else NamedSequences(sequences)
    found = {}
    for protein in wanted:
        if protein in named:
            found[protein] = protein
            continue
        for form in dict.fromkeys([protein.strip(), *other_forms(protein)]):
            candidates = [form] if form in named else sorted(named.names.get(form, ()))
            if candidates:
                candidates = [one for one in candidates if not _isoform(one)] or candidates
                if _one_protein(protein.strip(), candidates, named):
                    found[protein] = candidates[0]
                break
    return found


def _one_protein(wanted, candidates, named):
    if len({named[candidate] for candidate in candidates}) > 1:
        return False
    isoforms = [_isoform(wanted), _isoform(candidates[0])]
    if isoforms[0] and isoforms[1]:
        return isoforms[0][0] == isoforms[1][0]
    return all(isoform is None or isoform[2] == "1" for isoform in isoforms)


def _isoform(protein):
    """Match of the isoform's id, such as ``P04637-2``, that a protein's id is or holds; None for entries."""
    found = _UNIPROT_HEADER.fullmatch(protein)
    return _ISOFORM.fullmatch(found[1] if found else protein)


def nearest_ids(protein, sequences, count=3):
    """Ids or names among the sequences that resemble one, the most alike first; ids of proteins with that name before.

    Parameters
    ----------
    protein : str
    sequences : dict or NamedSequences
    count : int, default=3

    Returns
    -------
    list of str
    """
    text = protein.strip()
    names = getattr(sequences, "names", {})
    meant = [candidate for form in [text, *other_forms(text)] for candidate in sorted(names.get(form, ()))]
    base = text.split("|")[1] if text.count("|") == 2 else text
    base = re.split(r"[-.]", base)[0]
    same = [known for known in sequences if len(base) > 2 and base.casefold() in known.casefold()][:count]
    known = [*sequences, *names][:5_000]  # a comparison with each
    alike = difflib.get_close_matches(text[:40], known, n=count, cutoff=0.5)
    return list(dict.fromkeys([*meant, *same, *alike]))[:count]
