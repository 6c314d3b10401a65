"""Says in OpenAPI 3.0's own words what the specs say with an extension, for schemathesis, which does not know it, and gives
texts the form that the specs name in words."""

import copy
from pathlib import Path

import schemathesis
import yaml
from schemathesis import GenerationMode

OPENAPI = Path(__file__).resolve().parents[2] / "openapi"

# Parameters of the control API whose texts have a form that the dialect of the specs cannot give them, with one such text.
FORMS = {"wait": "1ms", "state": "ALLOW"}

METHODS = {"get", "put", "post", "delete", "options", "head", "patch"}


def bundle(document):
    """Copies the schemas of the vendor's shared files into the document, and points each `$ref` at its copy."""
    schemas = document["components"]["schemas"]
    for path in OPENAPI.glob("*-shared.yaml"):
        prefix = f"./{path.name}#"
        if point(document, prefix):
            schemas.update(yaml.safe_load(path.read_text(encoding="utf-8"))["components"]["schemas"])


def point(node, prefix):
    """Whether a `$ref` began with the prefix; it is without it afterwards."""
    found = False
    if isinstance(node, dict):
        ref = node.get("$ref")
        if isinstance(ref, str) and ref.startswith(prefix):
            node["$ref"] = ref.removeprefix(prefix[:-1])
            found = True
    for member in list(node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()):
        found = point(member, prefix) or found
    return found


@schemathesis.hook
def before_load_schema(context, raw_schema):
    """A body that is not required may be null; with `x-null-members: absent`, so may optional members of any body.

    Answers keep their schemas.
    """
    bundle(raw_schema)
    absent = raw_schema.get("x-null-members") == "absent"
    components = raw_schema["components"]
    requests = {}

    def request_schema(name):
        if name not in requests:
            # Before what is in it, which may lead back here.
            requests[name] = {}
            requests[name].update(lenient(copy.deepcopy(components["schemas"][name])))
        return f"#/components/schemas/{name}.request"

    def lenient(schema):
        if "$ref" in schema:
            return {"$ref": request_schema(schema["$ref"].removeprefix("#/components/schemas/"))}
        for key in ("allOf", "anyOf", "oneOf"):
            if key in schema:
                schema[key] = [lenient(part) for part in schema[key]]
        for key in ("items", "additionalProperties"):
            if isinstance(schema.get(key), dict):
                schema[key] = lenient(schema[key])
        for name, member in schema.get("properties", {}).items():
            member = lenient(member)
            if absent and name not in schema.get("required", ()):
                member = nullable(member)
            schema["properties"][name] = member
        return schema

    def nullable(schema):
        # Nothing beside a $ref counts.
        schema = {"allOf": [schema]} if "$ref" in schema else schema
        if "enum" in schema:
            schema = {**schema, "enum": [*schema["enum"], None]}
        return {**schema, "nullable": True}

    bodies = list(components.get("requestBodies", {}).values())
    for item in raw_schema["paths"].values():
        bodies += [item[method].get("requestBody", {}) for method in METHODS & item.keys()]
    for body in bodies:
        for content in body.get("content", {}).values():
            content["schema"] = lenient(content["schema"])
            if not body.get("required"):
                content["schema"] = nullable(content["schema"])
    components["schemas"].update({f"{name}.request": schema for name, schema in requests.items()})


@schemathesis.hook
def before_call(context, case, kwargs):
    """A request that is to be right has the texts of `FORMS`. One that is to be refused stays as it is."""
    if case.meta is None or case.meta.generation.mode is not GenerationMode.POSITIVE:
        return
    if case.operation.schema.raw_schema["info"]["title"] != "stepup-mock control":
        return
    for name in FORMS.keys() & (case.query or {}).keys():
        case.query[name] = FORMS[name]
    # Three names of one thing; a schema cannot say that they must not differ.
    if isinstance(case.body, dict) and "tenant" in case.body:
        for name in ("tenantId", "applicationId"):
            case.body.pop(name, None)
