"""HTTP API of a validator: routes, errors and limits as data, one application over `ValidatorService`."""

from govchain.api.limits import ApiLimits
from govchain.api.ports import ValidatorService
from govchain.api.server import ApiServer, create_app, serve

__all__ = ["ApiLimits", "ApiServer", "ValidatorService", "create_app", "serve"]
