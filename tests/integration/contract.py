"""Requests and replies compared with the OpenAPI document: as much of JSON Schema as it uses."""

import re

TYPES = {"string": str, "integer": int, "boolean": bool, "array": list, "object": dict,
         "null": type(None), "number": (int, float)}
SUCCESS = 299


class Contract:
    """The document, and which of its operations were seen to succeed and to refuse."""

    def __init__(self, document):
        self.document = document
        self.succeeded, self.refused = set(), set()
        self._paths = [(re.compile("^" + re.sub(r"\{[^}]+\}", "[^/]+", path) + "$"), path)
                       for path in document["paths"]]

    def operations(self):
        """All of them, by operationId."""
        return {operation["operationId"]: (method.upper(), path, operation)
                for path, methods in self.document["paths"].items()
                for method, operation in methods.items()}

    def operation(self, method, path):
        """The one of a request; None when nothing is there. What has no variable comes first."""
        found = sorted((template.count("{"), template) for pattern, template in self._paths
                       if pattern.match(path))
        for _, template in found:
            operation = self.document["paths"][template].get(method.lower())
            if operation:
                return operation
        return None

    def check(self, method, path, body, reply):
        """`path` below the server's, without its query; `body` as it was sent, if it was JSON."""
        operation = self.operation("GET" if method == "HEAD" else method, path)
        if operation is None:
            assert reply.status in (404, 405), reply
            return
        (self.succeeded if reply.status <= SUCCESS else self.refused).add(operation["operationId"])
        described = operation["responses"].get(str(reply.status)) or operation["responses"]["default"]
        assert reply.status > SUCCESS or str(reply.status) in operation["responses"], (
            operation["operationId"], reply.status)
        content = described.get("content", {})
        if reply.raw and content:
            kind = reply.headers["Content-Type"].split(";")[0]
            assert kind in content, (operation["operationId"], kind)
            if reply.json is not None and "schema" in content[kind]:
                self.validate(reply.json, content[kind]["schema"], operation["operationId"])
        wanted = operation.get("requestBody", {}).get("content", {}).get("application/json")
        if body is not None and wanted and reply.status <= SUCCESS:
            self.validate(body, wanted["schema"], f"body of {operation['operationId']}")

    def validate(self, value, schema, where):
        """Raises where they differ."""
        if "$ref" in schema:
            schema = self.document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
        if "type" in schema:
            kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
            assert any(isinstance(value, TYPES[kind])
                       and (kind == "boolean" or not isinstance(value, bool))
                       for kind in kinds), (where, value, kinds)
        assert value in schema.get("enum", [value]), (where, value)
        if isinstance(value, dict):
            self._validate_object(value, schema, where)
        elif isinstance(value, list) and "items" in schema:
            for number, one in enumerate(value):
                self.validate(one, schema["items"], f"{where}/{number}")
        elif isinstance(value, str):
            assert schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", 1 << 30), where
        elif isinstance(value, int):
            assert schema.get("minimum", value) <= value <= schema.get("maximum", value), (where, value)

    def _validate_object(self, value, schema, where):
        missing = set(schema.get("required", ())) - set(value)
        assert not missing, (where, missing)
        for name, one in value.items():
            if name in schema.get("properties", {}):
                self.validate(one, schema["properties"][name], f"{where}/{name}")
            else:
                assert schema.get("additionalProperties", True), (where, name)
