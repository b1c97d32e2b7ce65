"""Timeline: measures, drug states, events to (entry, exit]; and the audit."""

from riskset.episodes.audit import AuditLine as AuditLine
from riskset.episodes.audit import EpisodeAudit as EpisodeAudit
from riskset.episodes.audit import MeasureAudit as MeasureAudit
from riskset.episodes.audit import ReadingAudit as ReadingAudit
from riskset.episodes.audit import StateAudit as StateAudit
from riskset.episodes.audit import WrongAudit as WrongAudit
from riskset.episodes.check import Defect as Defect
from riskset.episodes.check import EpisodeCheck as EpisodeCheck
from riskset.episodes.check import check_episodes as check_episodes
from riskset.episodes.episodes import Episodes as Episodes
from riskset.episodes.streaming import episodes_in_batches as episodes_in_batches
from riskset.episodes.timeline import Timeline as Timeline
