"""Other Python packages that fit a Cox model to (entry, exit] rows with Efron's ties: each on the same rows."""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Callable

import numpy as np
from _cohort import FORMULA, NAMES, Rows


def by_lifelines(data: Rows) -> Callable[[], np.ndarray]:
    """Prepare lifelines' time-varying fitter."""
    import pandas as pd  # noqa: PLC0415 (where lifelines is installed, so is pandas)
    from lifelines import CoxTimeVaryingFitter  # noqa: PLC0415

    frame = pd.DataFrame({name: column.to_numpy() for name, column in data.frame().to_dict().items()})

    def fit() -> np.ndarray:
        fitter = CoxTimeVaryingFitter()
        fitter.fit(frame, id_col="id", event_col="event", start_col="entry", stop_col="exit")
        return fitter.params_[NAMES].to_numpy()

    return fit


def by_statsmodels(data: Rows) -> Callable[[], np.ndarray]:
    """Prepare statsmodels' PHReg."""
    from statsmodels.duration.hazard_regression import PHReg  # noqa: PLC0415

    def fit() -> np.ndarray:
        model = PHReg(data.exit, data.x, status=data.event, entry=data.entry, ties="efron")
        return model.fit(disp=False).params

    return fit


def by_survival(data: Rows) -> Callable[[], np.ndarray]:
    """Prepare the package survival, which follows R's."""
    import survival  # noqa: PLC0415

    columns = {name: column.to_numpy() for name, column in data.frame().to_dict().items()}

    def fit() -> np.ndarray:
        coefficients = survival.coxph(FORMULA, columns).coefficients
        values = coefficients.values() if isinstance(coefficients, dict) else coefficients
        return np.array(list(values), dtype=float)

    return fit


PEERS = {
    "lifelines": ("lifelines, `CoxTimeVaryingFitter`", by_lifelines),
    "statsmodels": ("statsmodels, `PHReg`", by_statsmodels),
    "survival": ("survival (the Python package), `coxph`", by_survival),
}
# These do other work.
NO_PEERS = "Not run: scikit-survival (no entry times), adelie (a penalised path), coxdev (the likelihood alone, no fit)."


def installed(data: Rows) -> dict[str, Callable[[], np.ndarray]]:
    """Return the fits of the peers that are installed."""
    warnings.simplefilter("ignore")  # the peers' own
    return {name: make(data) for module, (name, make) in PEERS.items() if importlib.util.find_spec(module)}
