# Episodes by R's survival::tmerge, for tests/parity/test_timeline.py.
# Run from the repository root: Rscript tests/parity/r/timeline.R [OUT.json]
suppressPackageStartupMessages({library(survival); library(jsonlite)})
options(digits = 17)
read <- function(name) read.csv(file.path("tests", "data", name), na.strings = "")
persons <- read("pbcseq_persons.csv"); visits <- read("pbcseq_visits.csv")
build <- function(delay) {
  d <- tmerge(persons[c("id", "status")], persons, id = id, death = event(time, status == 2))
  d <- tmerge(d, visits, id = id, ascites = tdc(day, ascites), bili = tdc(day, bili), albumin = tdc(day, albumin),
              options = list(delay = delay))
  list(id = d$id, entry = d$tstart, exit = d$tstop, death = as.integer(d$death),
       ascites = d$ascites, bili = d$bili, albumin = d$albumin)
}
out <- list(now = build(0), delay_30 = build(30),
            versions = list(R = as.character(getRversion()), survival = as.character(packageVersion("survival"))))
args <- commandArgs(trailingOnly = TRUE)
path <- if (length(args)) args[1] else file.path("tests", "parity", "expected", "timeline.json")
writeLines(toJSON(out, digits = NA, na = "null", auto_unbox = TRUE), path)
