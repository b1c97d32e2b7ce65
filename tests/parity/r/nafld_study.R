# The whole nafld example by hand in R: raw tables -> tmerge -> coxph. Nothing of riskset's.
# For tests/worked/test_nafld.py. Run from the repository root: Rscript tests/parity/r/nafld_study.R [OUT.json]
suppressPackageStartupMessages({library(survival); library(rms); library(jsonlite)})
folder <- file.path("examples", "nafld")
subjects <- read.csv(file.path(folder, "subjects.csv.gz"))
tests <- read.csv(file.path(folder, "measurements.csv.gz"))
diagnoses <- read.csv(file.path(folder, "diagnoses.csv.gz"))
hard <- c("MI", "stroke", "heart failure", "cardiac arrest")
carry <- 3 * 365.25
last_day <- 10 * 365.25

# eligibility, in the plan's order
before <- unique(diagnoses$id[diagnoses$event %in% hard & diagnoses$days <= 0])
flow <- nrow(subjects)
kept <- subjects[!(subjects$id %in% before), ]
flow <- c(flow, nrow(kept))
kept <- kept[kept$age < 90, ]
flow <- c(flow, nrow(kept))
daily <- function(name) {  # several results of one day count as their mean
  aggregate(value ~ id + days, tests[tests$test == name, ], mean)
}
hdl <- daily("hdl")
# a value of day d is in force on (d, d + carry]; at day 0 the values of that day and earlier ones are known
at_index <- hdl[hdl$days <= 0, ]
at_index <- at_index[order(at_index$id, at_index$days), ]
at_index <- at_index[!duplicated(at_index$id, fromLast = TRUE), ]
known <- at_index$id[at_index$days + carry >= 0]
kept <- kept[kept$id %in% known, ]
flow <- c(flow, nrow(kept))

# follow-up
kept$dies <- kept$status == 1 & kept$futime <= last_day
kept$end <- pmin(kept$futime, last_day)
first <- function(events) {
  d <- diagnoses[diagnoses$event %in% events & diagnoses$id %in% kept$id, ]
  d <- d[order(d$id, d$days), ]
  d[!duplicated(d$id), c("id", "days")]
}
expiry <- function(values) {  # NA where a value runs out before the next one
  values <- values[order(values$id, values$days), ]
  following <- c(values$days[-1], NA)
  following[c(values$id[-1], NA) != values$id] <- NA
  out <- values$days + carry
  gone <- is.na(following) | following > out
  data.frame(id = values$id[gone], days = out[gone], value = NA_real_)
}

episodes <- function(outcome) {
  base <- kept[, c("id", "age", "male")]
  if (outcome == "cve") {
    event <- first(hard)  # nobody has an earlier one
    event <- merge(kept[, c("id", "end")], event, all.x = TRUE)
    happens <- !is.na(event$days) & event$days > 0 & event$days <= event$end
    event$stop <- ifelse(happens, event$days, event$end)
    event$happens <- happens
  } else {
    event <- data.frame(id = kept$id, stop = kept$end, happens = kept$dies)
  }
  base <- merge(base, event[, c("id", "stop", "happens")])
  d <- tmerge(base, base, id = id, event = event(stop, happens))
  values <- rbind(hdl[hdl$id %in% kept$id, c("id", "days", "value")], expiry(hdl[hdl$id %in% kept$id, ]))
  # tmerge would carry the last value over an NA unless told otherwise
  d <- tmerge(d, values, id = id, hdl = tdc(days, value), options = list(na.rm = FALSE))
  d <- tmerge(d, first("diabetes"), id = id, diabetes = tdc(days))
  d <- tmerge(d, first("nafld"), id = id, liver = tdc(days))
  d <- tmerge(d, first("htn"), id = id, hypertension = tdc(days))
  d
}

fitted_model <- function(d) {
  d <- d[!is.na(d$hdl), ]
  ages <- d$age[!duplicated(d$id)]
  knots <- quantile(ages, c(0.05, 0.35, 0.65, 0.95), type = 7)
  s <- rcspline.eval(d$age, knots, inclx = TRUE, norm = 2)
  d$s1 <- s[, 1]
  d$s2 <- s[, 2]
  d$s3 <- s[, 3]
  d$low <- d$hdl < 40
  fit <- coxph(Surv(tstart, tstop, event) ~ low * diabetes + s1 + s2 + s3 + male + liver + hypertension, d,
               control = coxph.control(eps = 1e-11, iter.max = 60))
  v <- vcov(fit)
  b <- coef(fit)
  within <- b["lowTRUE"] + b["lowTRUE:diabetes"]
  list(n_persons = length(unique(d$id)), n_events = fit$nevent, person_years = sum(d$tstop - d$tstart) / 365.25,
       knots = unname(knots), loglik = fit$loglik,
       log_hr_without = unname(b["lowTRUE"]), se_without = sqrt(v["lowTRUE", "lowTRUE"]),
       log_hr_with = unname(within),
       se_with = sqrt(v["lowTRUE", "lowTRUE"] + v["lowTRUE:diabetes", "lowTRUE:diabetes"]
                      + 2 * v["lowTRUE", "lowTRUE:diabetes"]),
       log_ratio = unname(b["lowTRUE:diabetes"]), se_ratio = sqrt(v["lowTRUE:diabetes", "lowTRUE:diabetes"]))
}

out <- list(versions = list(R = as.character(getRversion()), survival = as.character(packageVersion("survival"))),
            flow = flow)
for (outcome in c("cve", "death")) {
  d <- episodes(outcome)
  totals <- list(n_persons = length(unique(d$id)), n_events = sum(d$event),
                 person_years = sum(d$tstop - d$tstart) / 365.25)
  out[[outcome]] <- list(totals = totals, model = fitted_model(d))
}
args <- commandArgs(trailingOnly = TRUE)
path <- if (length(args)) args[1] else file.path("tests", "parity", "expected", "nafld_study.json")
writeLines(toJSON(out, digits = NA, auto_unbox = TRUE, pretty = TRUE), path)
