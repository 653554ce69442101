"""The best partners of each protein while scores come in, in bounded memory."""

import numpy as np


class BestPartners:
    """Keeps the ``top_k`` best partners of each of ``n_proteins`` proteins; of equal scores the earlier partner.

    The result does not depend on the order in which scores come in.

    Parameters
    ----------
    n_proteins, top_k : int
    """

    def __init__(self, n_proteins, top_k):
        self.partners = np.full((n_proteins, top_k), -1)
        self.scores = np.zeros((n_proteins, top_k))

    def add(self, proteins, partners, scores):
        """Offer pairs.

        Parameters
        ----------
        proteins, partners : ndarray of int of shape (n,)
        scores : ndarray of shape (n,)
        """
        hopeless = (self.partners[proteins, -1] >= 0) & (scores < self.scores[proteins, -1])
        proteins, partners, scores = proteins[~hopeless], partners[~hopeless], scores[~hopeless]
        changed = np.unique(proteins)
        filled = self.partners[changed] >= 0
        proteins = np.append(np.repeat(changed, filled.sum(axis=1)), proteins)
        partners = np.append(self.partners[changed][filled], partners)
        scores = np.append(self.scores[changed][filled], scores)
        order = np.lexsort((partners, -scores, proteins))
        proteins, partners, scores = proteins[order], partners[order], scores[order]
        rank = np.arange(len(proteins)) - np.searchsorted(proteins, proteins)
        good = rank < self.partners.shape[1]
        self.partners[proteins[good], rank[good]] = partners[good]
        self.scores[proteins[good], rank[good]] = scores[good]

    def found(self):
        """Kept pairs, by protein and the best first.

        Returns
        -------
        proteins, partners, scores : ndarray of shape (n,)
        """
        filled = self.partners >= 0
        proteins = np.repeat(np.arange(len(filled)), filled.sum(axis=1))
        return proteins, self.partners[filled], self.scores[filled]
