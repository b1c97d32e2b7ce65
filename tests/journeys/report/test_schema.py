"""``results.json`` and the schema that is published for it, by a validator that knows nothing of riskset."""

from __future__ import annotations

import json

from jsonschema import Draft202012Validator

from riskset.study.results import Results
from riskset.study.writing import results_schema, stable_json


def test_what_is_written_is_what_the_schema_says(any_results: Results):
    schema = json.loads(json.dumps(results_schema()))
    Draft202012Validator.check_schema(schema)
    reader = Draft202012Validator(schema)
    written = json.loads(stable_json(any_results.model_dump(mode="json")))
    assert not [(e.json_path, e.message) for e in reader.iter_errors(written)]
    # and the schema is no open door: a number without its name, or a text in its place, is found
    written |= {k: [] for k, v in written.items() if isinstance(v, list) and k != "rates"}  # for speed
    rate = written["rates"][0]["total"]
    name = rate.pop("id")
    assert [e.json_path for e in reader.iter_errors(written)] == ["$.rates[0].total"]
    rate |= {"id": name, "estimate": "0.1"}
    assert [e.json_path for e in reader.iter_errors(written)] == ["$.rates[0].total.estimate"]
