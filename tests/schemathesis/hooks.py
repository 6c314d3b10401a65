"""Says in OpenAPI 3.0's own words what the specs say with an extension, for schemathesis, which does not know it."""

import copy

import schemathesis

METHODS = {"get", "put", "post", "delete", "options", "head", "patch"}


@schemathesis.hook
def before_load_schema(context, raw_schema):
    """A body that is not required may be null; with `x-null-members: absent`, so may optional members of any body.

    Answers keep their schemas.
    """
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
