"""Timeline: measures, drug states, events to (entry, exit]; and the audit."""

from riskset.episodes.audit import AuditLine as AuditLine
from riskset.episodes.audit import EpisodeAudit as EpisodeAudit
from riskset.episodes.audit import MeasureAudit as MeasureAudit
from riskset.episodes.episodes import Episodes as Episodes
from riskset.episodes.timeline import Timeline as Timeline
