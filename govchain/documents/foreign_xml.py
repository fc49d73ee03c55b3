"""XML of strangers: its root element, within bounds and without DTD or entities.

What the elements mean is read elsewhere.
"""

from __future__ import annotations

from typing import Final
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from govchain.errors import InvalidDocument

DOCUMENT_BYTES_MAX: Final = 10_000_000
ELEMENTS_MAX: Final = 400_000


def parse_xml(data: bytes) -> Element:
    """The root element of foreign XML, within bounds and without DTD or entities.

    Raises:
        InvalidDocument: No such XML.
    """
    if len(data) > DOCUMENT_BYTES_MAX:
        raise InvalidDocument("XML-SIZE", "/", f"more than the {DOCUMENT_BYTES_MAX} bytes that are read")
    if data.count(b"<") > 2 * ELEMENTS_MAX:
        raise InvalidDocument("XML-SIZE", "/", f"more than {ELEMENTS_MAX} elements")
    try:
        root: Element = fromstring(data, forbid_dtd=True, forbid_entities=True, forbid_external=True)
    except DefusedXmlException as error:
        raise InvalidDocument("XML-DTD", "/", "a DTD or entity declaration; invoices have none") from error
    except (ParseError, ValueError, LookupError) as error:
        raise InvalidDocument("XML-FORM", "/", f"not well-formed XML: {error}") from error
    return root
