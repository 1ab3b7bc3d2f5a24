"""The read models of evaluation. Each is written by one projection and by nothing else.

organisation    districts and schools                               <- roster
participation   students enrolled, pledges standing                 <- roster, pledges
folders         class-months and student-months of the folder       <- roster, folders
surveys         invitations, responses, scale scores                <- surveys
certifications  months as their districts certified them            <- evaluation
outcomes        test results and graduation rates as published      <- evaluation
recognitions    decisions on exemplary programmes                   <- evaluation
"""

from sqlalchemy import MetaData

from .certifications import Certifications
from .folders import Folders
from .organisation import Organisation
from .outcomes import Outcomes
from .participation import Participation
from .recognitions import Recognitions
from .responses import Responses
from .surveys import Surveys

#: Every projection, in the order in which a rebuild of everything takes them.
PROJECTIONS = (
    Organisation(),
    Participation(),
    Folders(),
    Surveys(),
    Responses(),
    Certifications(),
    Outcomes(),
    Recognitions(),
)

#: The tables of the versions above: {projection: {logical name: table}}. Queries read them, the projector writes them.
metadata = MetaData()
TABLES = {projection.name: projection.tables(metadata) for projection in PROJECTIONS}
