from dataclasses import dataclass
from functools import wraps


@dataclass
class PendingFeedbackContext:
    flow_id: str
    method_name: str
    method_output: object
    message: str


@dataclass
class HumanFeedbackResult:
    output: object
    feedback: str


def human_feedback(message, provider=None):
    def wrap(method):
        @wraps(method)
        def asked(self):
            output = method(self)
            if provider is None:
                return HumanFeedbackResult(output, "send")
            context = PendingFeedbackContext(self.flow_id, method.__name__, output, message)
            return HumanFeedbackResult(output, provider.request_feedback(context, self))

        return asked

    return wrap
