"""One name per UniProt feature type, whatever the file format calls it."""

_NAMES = """
Initiator methionine | INIT_MET | initiator methionine
Signal | SIGNAL | signal peptide
Transit peptide | TRANSIT | transit peptide
Propeptide | PROPEP | propeptide
Chain | CHAIN | chain
Peptide | PEPTIDE | peptide
Topological domain | TOPO_DOM | topological domain
Transmembrane | TRANSMEM | transmembrane region
Intramembrane | INTRAMEM | intramembrane region
Domain | DOMAIN | domain
Repeat | REPEAT | repeat
Calcium binding | CA_BIND | calcium-binding region
Zinc finger | ZN_FING | zinc finger region
DNA binding | DNA_BIND | DNA-binding region
Nucleotide binding | NP_BIND | nucleotide phosphate-binding region
Region | REGION | region of interest
Coiled coil | COILED | coiled-coil region
Motif | MOTIF | short sequence motif
Compositional bias | COMPBIAS | compositionally biased region
Active site | ACT_SITE | active site
Metal binding | METAL | metal ion-binding site
Binding site | BINDING | binding site
Site | SITE | site
Non-standard residue | NON_STD | non-standard amino acid
Modified residue | MOD_RES | modified residue
Lipidation | LIPID | lipid moiety-binding region
Glycosylation | CARBOHYD | glycosylation site
Disulfide bond | DISULFID | disulfide bond
Cross-link | CROSSLNK | cross-link
Alternative sequence | VAR_SEQ | splice variant
Natural variant | VARIANT | sequence variant
Mutagenesis | MUTAGEN | mutagenesis site
Sequence uncertainty | UNSURE | unsure residue
Sequence conflict | CONFLICT | sequence conflict
Non-adjacent residues | NON_CONS | non-consecutive residues
Non-terminal residue | NON_TER | non-terminal residue
Helix | HELIX | helix
Beta strand | STRAND | strand
Turn | TURN | turn
"""


def _key(name):
    """Names that differ by case, hyphen or outer space only are the same."""
    return name.strip().replace("-", " ").casefold()


_CANONICAL = {
    _key(name): line.split("|")[0].strip() for line in _NAMES.strip().splitlines() for name in line.split("|")
}

BOND_TYPES = ("Disulfide bond", "Cross-link")
"""Types whose start and end are two residues joined by a bond; the residues between are not part of it."""


def uniprot_type(name):
    """Name of a UniProt feature type as the UniProt JSON writes it.

    Parameters
    ----------
    name : str
        Key of the flat text (``"COMPBIAS"``), type of the XML (``"compositionally biased region"``), column
        of a table (``"Compositional bias"``), or any other name, which is returned as it is.

    Returns
    -------
    str

    Examples
    --------
    >>> from amp_sklearn.regions import uniprot_type
    >>> uniprot_type("COMPBIAS"), uniprot_type("short sequence motif"), uniprot_type("DNA-binding region")
    ('Compositional bias', 'Motif', 'DNA binding')
    """
    return _CANONICAL.get(_key(name), name.strip())


def is_uniprot_type(name):
    """Whether a name is one of UniProt's feature types, in the spelling of any format."""
    return _key(name) in _CANONICAL


def interpro_type(name):
    """Name of an InterPro entry type, in the spelling of the published analysis.

    Parameters
    ----------
    name : str or None
        Such as ``"ACTIVE_SITE"`` or ``"PTM"``; None or empty for a signature without an InterPro entry.

    Returns
    -------
    str
        ``"Unintegrated"`` for a signature without an entry.

    Examples
    --------
    >>> from amp_sklearn.regions import interpro_type
    >>> interpro_type("ACTIVE_SITE"), interpro_type("PTM"), interpro_type(None)
    ('Active_site', 'Ptm', 'Unintegrated')
    """
    return name.strip().replace(" ", "_").capitalize() if name and name.strip("- ") else "Unintegrated"
