# Row by row what survival::tmerge makes of three more studies: Stanford heart transplants, chronic granulomatous
# disease, acute myeloid leukaemia. For tests/parity/test_tmerge.py.
# Run from the repository root: Rscript tests/parity/r/tmerge.R [OUT.json]
suppressPackageStartupMessages({library(survival); library(jsonlite)})
options(digits = 17)
read <- function(name) read.csv(file.path("tests", "data", name), na.strings = "")
# Half days, as in the package's vignette: who dies on the day of acceptance has half a day, and a transplant on the last
# day comes half a day before it.
j <- read("jasa.csv")
j$transplant <- ifelse(!is.na(j$transplant) & j$transplant == j$futime, j$transplant - 0.5, j$transplant)
j$futime <- pmax(0.5, j$futime)
heart <- tmerge(j[c("id", "status")], j, id = id, death = event(futime, status), transplanted = tdc(transplant))
# Recurrent infections: every one an event, and the number of those before
p <- read("cgd_persons.csv"); i <- read("cgd_infections.csv")
cgd <- tmerge(p[c("id", "futime")], p, id = id, tstop = futime)
cgd <- tmerge(cgd, i, id = id, infection = event(day), before = cumtdc(day))
# Three states of one person, some of them on the same day, and a delay of 60 days
m <- read("myeloid.csv")
states <- function(delay) {
  d <- tmerge(m[c("id", "futime")], m, id = id, death = event(futime, death))
  d <- tmerge(d, m, id = id, transplant = tdc(txtime), remission = tdc(crtime), relapse = tdc(rltime),
              options = list(delay = delay))
  list(id = d$id, entry = d$tstart, exit = d$tstop, death = as.integer(d$death), transplant = d$transplant,
       remission = d$remission, relapse = d$relapse)
}
# Missing results: na.rm = TRUE (the default) passes over them; several tables, of which one holds only missing ones
v <- read("pbcseq_visits.csv"); q <- read("pbcseq_persons.csv")
v$bili[v$id %% 3 == 0] <- NA
gaps <- tmerge(q[c("id", "status")], q, id = id, death = event(time, status == 2))
gaps <- tmerge(gaps, v, id = id, bili = tdc(day, bili), albumin = tdc(day, albumin))
out <- list(
  heart = list(id = heart$id, entry = heart$tstart, exit = heart$tstop, death = as.integer(heart$death),
               transplanted = heart$transplanted),
  cgd = list(id = cgd$id, entry = cgd$tstart, exit = cgd$tstop, infection = as.integer(cgd$infection),
             before = cgd$before),
  myeloid = list(now = states(0), delay_60 = states(60)),
  missing = list(id = gaps$id, entry = gaps$tstart, exit = gaps$tstop, death = as.integer(gaps$death),
                 bili = gaps$bili, albumin = gaps$albumin),
  versions = list(R = as.character(getRversion()), survival = as.character(packageVersion("survival"))))
args <- commandArgs(trailingOnly = TRUE)
path <- if (length(args)) args[1] else file.path("tests", "parity", "expected", "tmerge.json")
writeLines(toJSON(out, digits = NA, na = "null", auto_unbox = TRUE), path)
