# The pbc example by hand in R: raw tables -> tmerge -> coxph. Nothing of riskset's.
# Run from the repository root: Rscript tests/parity/r/pbc_study.R [OUT.json]
suppressPackageStartupMessages({library(survival); library(jsonlite)})
persons <- read.csv(file.path("examples", "pbc", "persons.csv"))
visits <- read.csv(file.path("examples", "pbc", "visits.csv"))
ascites <- visits[which(visits$ascites == 1), ]
ascites <- ascites[!duplicated(ascites$id), ]
d <- tmerge(persons, persons, id = id, death = event(futime, status == 2))
d <- tmerge(d, visits, id = id, bili = tdc(day, bili), albumin = tdc(day, albumin))
d <- tmerge(d, ascites, id = id, asc = tdc(day))
d$raised <- d$bili >= 2
fit <- coxph(Surv(tstart, tstop, death) ~ raised * asc + age + sex + albumin, d,
             control = coxph.control(eps = 1e-11, toler.chol = 1e-13, iter.max = 60))
b <- coef(fit)
out <- list(versions = list(R = as.character(getRversion()), survival = as.character(packageVersion("survival"))),
            death = list(n_persons = length(unique(d$id)), n_rows = nrow(d), n_events = sum(d$death),
                         person_years = sum(d$tstop - d$tstart) / 365.25, loglik = fit$loglik,
                         log_hr_without = unname(b["raisedTRUE"]),
                         log_hr_with = unname(b["raisedTRUE"] + b["raisedTRUE:asc"]),
                         log_ratio = unname(b["raisedTRUE:asc"])))
args <- commandArgs(trailingOnly = TRUE)
path <- if (length(args)) args[1] else file.path("tests", "parity", "expected", "pbc_study.json")
writeLines(toJSON(out, digits = NA, auto_unbox = TRUE, pretty = TRUE), path)
