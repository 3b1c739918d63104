"""The wire form of a problem, for OpenAPI; `describe_refusal` writes it."""

from backend.web.fields import Part, Several, StrictSchema, Text, Whole


class FaultSchema(StrictSchema):
    """One thing to mend in a request."""

    place = Text(maximum=5, data_key="in", required=True)
    pointer = Text(minimum=0, maximum=200, required=True)
    code = Text(maximum=40, required=True)
    message = Text(maximum=400, required=True)


class ProblemSchema(StrictSchema):
    """RFC 9457, with a stable `code` and the request id as `instance`."""

    type = Text(maximum=100, required=True)
    title = Text(maximum=100, required=True)
    status = Whole(minimum=400, maximum=599, required=True)
    detail = Text(maximum=1000)
    code = Text(maximum=40, required=True)
    instance = Text(maximum=64, required=True)
    errors = Several(Part(FaultSchema), maximum=50)
