"""Rows that stay at risk after their exit, with weights that fade: what a subdistribution hazard needs.

A person with a competing event at T_i stays at risk for the event of interest, at t > T_i with weight
W(t-) / W(T_i-), where W is the chance of being still under observation: G, the reverse Kaplan-Meier curve of
censoring, times H, that of entry, where entry is delayed. The weight factors. Sums over risk sets are those over the
rows between entry and exit, plus W(tau_k-) times the sums of r_i / W(T_i-) over the rows that have stayed; and in the
information such a row has the weight r_i / W(T_i-) times the sum of W(tau_k-) h_k over tau_k > T_i. So nothing is
expanded, and a pass over the rows is linear in their number. Both kinds of sum are made by additions alone.

References
----------
Fine, J. P. & Gray, R. J. (1999). A proportional hazards model for the subdistribution of a competing risk. JASA 94,
496-509.
Geskus, R. B. (2011). Cause-specific cumulative incidence estimation and the Fine and Gray model under both left
truncation and right censoring. Biometrics 67, 39-49.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from riskset.kernel.arrays import Bools, Floats, Ints
from riskset.kernel.index import EventTimeIndex
from riskset.kernel.sums import backward_sums


@dataclass(frozen=True, slots=True)
class Staying:
    """Which rows stay at risk after their exit, and with what weights, before they have an index.

    Attributes
    ----------
    stays : bool array (n,)
    at_exit : float array (n,)
        W(T_i-) of each row's own group; positive where a row stays.
    group : int array (n,)
        Codes 0, 1, ... of groups with curves W of their own.
    time : float array (T,)
        Distinct times, increasing; all event times are among them.
    before : float array (n_groups, T)
        W(t-) of each group at these times.
    """

    stays: Bools
    at_exit: Floats
    group: Ints
    time: Floats
    before: Floats

    def on(self, index: EventTimeIndex) -> Fading:
        """Place what stays on the rows and event times of an index."""
        kept = slice(None) if index.kept is None else index.kept
        row = np.flatnonzero(self.stays[kept])
        group = self.group[kept][row]
        order = np.argsort(group, kind="stable")
        row, group = row[order], group[order]
        place = np.searchsorted(self.time, index.event_time, side="right") - 1
        return Fading(
            row=row,
            weight=1.0 / self.at_exit[kept][row],
            first=np.searchsorted(group, np.arange(self.before.shape[0] + 1)),
            level=self.before[:, place],
        )


@dataclass(frozen=True, slots=True)
class Fading:
    """Rows of an index that stay at risk after their exit.

    Attributes
    ----------
    row : int array (C,)
        By group.
    weight : float array (C,)
        1 / W(T_i-).
    first : int array (n_groups + 1,)
        Where each group begins in ``row``.
    level : float array (n_groups, D)
        W(tau_k-) at the event times.
    """

    row: Ints
    weight: Floats
    first: Ints
    level: Floats

    def groups(self) -> Iterator[tuple[int, slice]]:
        """Yield the groups that have rows, with their part of ``row``."""
        for g in range(self.level.shape[0]):
            if self.first[g + 1] > self.first[g]:
                yield g, slice(int(self.first[g]), int(self.first[g + 1]))

    def hazard(self, index: EventTimeIndex, increments: Floats) -> Floats:
        """Sum W(tau_k-) times the increments (D,) or (D, p) over the event times after each row's exit."""
        result = np.empty((self.row.size, *increments.shape[1:]))
        for g, part in self.groups():
            level = self.level[g] if increments.ndim == 1 else self.level[g][:, None]
            later = np.zeros((index.n_slots, *increments.shape[1:]))
            # One slot early: what is summed from a slot on is then what happens after it.
            later[index.event_slot - 1] = level * increments
            backward_sums(later, index.base)
            result[part] = later[index.hi[self.row[part]]]
        return result
