# Kaplan-Meier curves and incidence rates by R's survival, for tests/parity/test_curves.py.
# Run from the repository root: Rscript tests/parity/r/curves.R
suppressPackageStartupMessages({library(survival); library(jsonlite)})
options(digits = 17)
out_file <- c(commandArgs(trailingOnly = TRUE), "tests/parity/expected/curves.json")[1]
read <- function(name) read.csv(file.path("tests", "data", name), na.strings = "")
plain <- function(x) as.numeric(unname(x))
curve <- function(s) list(
  time = plain(s$time), n_risk = plain(s$n.risk), n_event = plain(s$n.event), n_censor = plain(s$n.censor),
  survival = plain(s$surv), std_error = plain(if (isTRUE(s$logse)) s$std.err * s$surv else s$std.err),
  lower = plain(s$lower), upper = plain(s$upper), steps = plain(if (is.null(s$strata)) length(s$time) else s$strata))

aml <- read("aml.csv"); lung <- read("lung.csv"); heart <- read("heart.csv"); rates <- read("mgus2_rates.csv")
out <- list()
for (type in c("log", "log-log", "plain"))
  out[[paste0("aml_", type)]] <- curve(survfit(Surv(time, status) ~ x, aml, conf.type = type))
by_sex <- survfit(Surv(time, status == 2) ~ sex, lung)
out$lung_by_sex <- curve(by_sex)
q <- quantile(by_sex, 0.5)
out$lung_median <- list(median = plain(q$quantile), lower = plain(q$lower), upper = plain(q$upper))
at <- summary(by_sex, times = c(0, 100, 365, 730), extend = TRUE)
out$lung_at <- list(time = plain(at$time), n_risk = plain(at$n.risk), survival = plain(at$surv),
                    std_error = plain(at$std.err), lower = plain(at$lower), upper = plain(at$upper))
w <- 1 + lung$age %% 3
out$lung_weights_greenwood <- curve(survfit(Surv(time, status == 2) ~ 1, lung, weights = w, robust = FALSE))
out$lung_weights_jackknife <- curve(survfit(Surv(time, status == 2) ~ 1, lung, weights = w, robust = TRUE))
out$heart_rows <- curve(survfit(Surv(start, stop, event) ~ transplant, heart))
# survival before 3.8 also lists the times at which a person's rows merely follow each other; 3.8 does not
persons <- curve(survfit(Surv(start, stop, event) ~ 1, heart, id = id)); left <- persons$n_event + persons$n_censor > 0
out$heart_persons <- lapply(persons, function(v) if (length(v) == length(left)) v[left] else sum(left))
# delayed entry with fractional weights and a jackknife over rows, each row its own unit
out$heart_jackknife <- curve(survfit(Surv(start, stop, event) ~ 1, heart, weights = 0.5 + (heart$id %% 4) / 3, id = seq_len(nrow(heart)), robust = TRUE))
# an exact one half on a flat step: the median is the middle of the step
half <- survfit(Surv(c(1, 2, 3, 4), c(1, 1, 0, 1)) ~ 1)
out$half <- list(median = plain(quantile(half, 0.5, conf.int = FALSE)))
r <- aggregate(cbind(fu, death) ~ sex, rates, sum); ci <- cipoisson(r$death, r$fu)
out$rates_by_sex <- list(sex = r$sex, events = r$death, person_years = r$fu, rate = r$death / r$fu, lower = ci[, 1], upper = ci[, 2])
k <- c(0, 1, 2, 3, 5, 10, 30, 100, 500)
for (level in c(0.95, 0.9)) { ci <- cipoisson(k, time = 123.4, p = level)
  out[[paste0("poisson_", level)]] <- list(events = k, time = 123.4, lower = ci[, 1], upper = ci[, 2]) }
out$versions <- list(R = paste(R.version$major, R.version$minor, sep = "."), survival = as.character(packageVersion("survival")))
writeLines(toJSON(out, auto_unbox = TRUE, digits = I(17), na = "null", pretty = FALSE), out_file)
