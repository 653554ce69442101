"""The words of the command line: errors and warnings of the Python layer, reworded in options of the command at hand."""

import re
import sys

PROGRAM = "amp-sklearn"

_PHRASES = (
    # what the Python layer says, the option that does it, words with the option, words for a command without it
    (r"columns=\(id, sequence\), which read_pairs calls sequence_columns", "--sequence-columns",
     "--sequence-columns ID,SEQUENCE", "a line of column names such as Entry, Sequence"),
    (r"columns=\(id, sequence\)", "--sequence-columns",
     "--sequence-columns ID,SEQUENCE", "a line of column names such as Entry, Sequence"),
    (r"pass header=None \(sequence_header=None to read_pairs\)", "--sequence-no-header",
     "give --sequence-no-header", "add a line of column names"),
    (r"pass header=None", "--no-header", "give --no-header", "add a line of column names"),
    (r"columns=\(a, b\)", "--columns", "--columns A,B", "the column names protein_a and protein_b"),
    (r"such as label=2, or pass label=False", "--label", "such as --label 2 (numbers count from 0)", "by name"),
    (r",? or pass label=False to read the pairs without labels", "", "", ""),
    (r"(named in )?label=name", "--label", r"\1--label NAME", "the column name label"),
    (r"choose with sheet=name", "--sheet", "choose with --sheet NAME", "put the wanted sheet first"),
    (r"pass conflicts='keep'", "--conflicts", "give --conflicts keep", "remove them"),
    (r"pass uppercase=True", "--uppercase", "give --uppercase", "turn them into upper case"),
    (r"pass full_id=True", "--full-id", "give --full-id", "use ids of their own"),
    (r"remove stop signs \(\*\)", "--strip-stop", "give --strip-stop to remove stop signs (*) at the end", "remove stop signs (*)"),
    (r"Choose long_proteins='window' .*memory-hungry\)\.", "--max-length",
     "Give a larger --max-length, or none.", "The model was trained so: leave these proteins out."),
    (r"Give store=<folder>, set AMP_SKLEARN_CACHE, or pass store=None", "",
     "", "Set AMP_SKLEARN_CACHE to a folder that can be written"),
    (r"Lower ratio, or use strategy='uniform'", "--ratio", "Lower --ratio, or use --strategy uniform", ""),
    (r"sides=None draws from all pairs", "", "", "pairs within one kind are not drawn"),
    (r"SideDisjointKFold\(n, side='([ab])'\), (new proteins of side [AB] only), with n up to ([\d,]+)", "--cv",
     r"--cv new-side-\1, \2, with up to \3 folds", r"\2, with up to \3 folds"),
    (r"name the kind of each protein with sides=\{protein: kind\}, and leave out", "", "", "leave out"),
    (r"leave prefilter=None", "--prefilter", "leave out --prefilter", ""),
    (r"leave n_targets=None", "--partners", "leave out --partners", ""),
    (r"outside='clip' cuts", "--clip", "--clip cuts", ""),
    (r'pass background=, pairs.*baseline="zero"', "--background", "give --background PAIRS", "give more pairs"),
    (r"; use read_pairs to look sequences up", "", "", "; give a file of sequences"),
    (r"; use device='auto' or 'cpu'", "--device", "; use --device auto or --device cpu", ""),
    (r"substitutions must be 'all', 'alanine' or", "--to", "--to must be all, alanine, none or", "substitutions must be 'all', 'alanine' or"),
    (r"; None goes with deletions=True", "--to", "; --to none goes with --deletions", ""),
    (r"Give another path, or remove the file", "", "", "Give another --out, or --force to start anew"),
    (r"; use method='exact'", "--first-look", "; leave out --first-look", ""),
    (r"Use method='exact'", "--first-look", "Leave out --first-look", ""),
    (r"method='gradient' (?=refuses|estimates)", "--first-look", "--first-look ", ""),
    (r"give the ESM-2 model that they were trained with as esm2", "--esm2", "name the ESM-2 model that they were trained with by --esm2", ""),
    (r"(the file of its weights|this file) as autoencoder", "--autoencoder", r"\1 with --autoencoder", ""),
    (r": use joblib\.load if you trust its author", "",
     "", ": give them the ending .joblib if you trust their author"),
)  # fmt: skip
_OPTIONS = {
    "random_state": "--seed",
    "n_splits": "--folds",
    "max_epochs": "--epochs",
    "model": "--esm2",
    "header": "--no-header",
    "sequence_header": "--sequence-no-header",
    "n_trials": "--trials",
    "outside": "--clip",
    "top_k": "--top-k",
    "substitutions": "--to",
}
_SETTING = re.compile(r"\b([a-z][a-z_]*)=('[^']*'|\"[^\"]*\"|\([^)]*\)|[\w.<>-]+|(?=[ ,;:.)]|$))")


def reword(text, options):
    """A message of the Python layer in words of a command.

    Parameters
    ----------
    text : str
    options : collection of str
        Options of the command, such as ``"--columns"``.

    Returns
    -------
    str
        Parameters that the command has an option for are called by it; others are named without an equals sign.
    """
    for pattern, option, with_option, without in _PHRASES:
        words = with_option if option in options else without

        def in_its_case(found, words=words):
            said = found.expand(words)
            return said[:1].upper() + said[1:] if found[0][:1].isupper() else said

        text = re.sub(pattern, in_its_case, text, flags=re.DOTALL | re.IGNORECASE)

    def setting(found):
        name, value = found[1], found[2].strip("'\"")
        option = _OPTIONS.get(name, "--" + name.replace("_", "-"))
        if option not in options:
            return f"{name.replace('_', ' ')} {value}".rstrip()
        return (
            option if value in ("True", "None", "") or option.endswith("no-header") else f"{option} {value}"
        )

    return _SETTING.sub(setting, text)


def error_text(error, options):
    """What to print for an exception."""
    if isinstance(error, OSError) and error.filename is not None:
        text = f"{error.filename}: {(error.strerror or str(error)).lower()}"
    elif isinstance(error, KeyError) and error.args:
        text = str(error.args[0])
    else:
        text = str(error) or type(error).__name__
    return reword(text, options)


def to_stderr(text):
    """Print a line where progress and messages go."""
    print(text, file=sys.stderr, flush=True)
