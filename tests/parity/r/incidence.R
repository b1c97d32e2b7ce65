# Curves of competing causes and of several states, tests of groups, quantiles and restricted means, and compared and
# standardised rates, by R's survival, cmprsk, Epi and base, for tests/parity/test_incidence.py.
# Run from the repository root: Rscript tests/parity/r/incidence.R
suppressPackageStartupMessages({library(survival); library(cmprsk); library(Epi); library(jsonlite)})
options(digits = 17)
out_file <- c(commandArgs(trailingOnly = TRUE), "tests/parity/expected/incidence.json")[1]
read <- function(name) read.csv(file.path("tests", "data", name), na.strings = "")
plain <- function(x) as.numeric(unname(x))
rows <- function(m) { m <- as.matrix(m); unname(lapply(seq_len(nrow(m)), function(i) plain(m[i, ]))) }
# long curves are kept at every so many of their times
multi <- function(s, every = 1) { k <- seq(1, length(s$time), by = every); cut <- function(m) rows(matrix(m, ncol = length(s$states))[k, , drop = FALSE]); list(
  every = every, states = s$states, time = plain(s$time)[k], n_censor = plain(s$n.censor)[k], probability = cut(s$pstate),
  std_error = cut(s$std.err), lower = cut(s$lower), upper = cut(s$upper), start = plain(s$p0),
  n_event = cut(s$n.event), steps = plain(if (is.null(s$strata)) length(s$time) else s$strata)) }
tested <- function(z) list(observed = plain(if (is.matrix(z$obs)) rowSums(z$obs) else z$obs),
                           expected = plain(if (is.matrix(z$exp)) rowSums(z$exp) else z$exp), chisq = z$chisq)
aml <- read("aml.csv"); lung <- read("lung.csv"); heart <- read("heart.csv"); rates <- read("mgus2_rates.csv")
causes <- read("mgus2_causes.csv"); competing <- read("mgus2_competing.csv"); states <- read("mgus2_multistate.csv")
lung$dead <- lung$status == 2
causes$ev <- factor(causes$ev, c("censor", "pcm", "death"))
out <- list()

# competing causes: jackknife, every type of limit; delayed entry on the scale of age; weights
for (type in c("log", "log-log", "plain", "logit", "arcsin"))
  out[[paste0("causes_", type)]] <- multi(survfit(Surv(etime, ev) ~ sex, causes, conf.type = type), if (type == "log") 1 else 4)
rm <- summary(survfit(Surv(etime, ev) ~ sex, causes, influence = TRUE), rmean = 240)$table
out$time_in_states <- list(mean = plain(rm[, "rmean"]), std_error = plain(rm[, grep("^se", colnames(rm))]))
late <- subset(causes, etime > 0); late$a <- late$age * 12; late$b <- late$a + late$etime; late$w <- 0.5 + (late$id %% 4) / 3
out$causes_late <- multi(survfit(Surv(a, b, ev) ~ sex, late, id = id, weights = w), 9)
from <- survfit(Surv(a, b, ev) ~ 1, late, id = id, start.time = 840.5, p0 = c(1, 0, 0))
out$causes_from <- multi(from, 9)

# several states: plasma cell malignancy on the way to death; the influence of the initial shares is asked for
states$to <- factor(states$state, 0:2, c("censor", "pcm", "death")); states$from <- factor(states$haspcm, 0:1, c("mgus", "pcm"))
out$states <- multi(survfit(Surv(tstart, tstop, to) ~ sex, states, id = id, istate = from, p0 = c(1, 0, 0)), 3)
states$a <- states$age * 12 + states$tstart; states$b <- states$age * 12 + states$tstop
older <- subset(states, b > 780); older$a <- pmax(older$a, 780)
out$states_late <- multi(survfit(Surv(a, b, to) ~ 1, older, id = id, istate = from, influence = TRUE), 5)

# Aalen's variance and Gray's test
ci <- with(competing, cuminc(etime, code, group = sex, cencode = 0)); at <- c(12, 60, 120, 240)
tp <- timepoints(ci, at)
out$cuminc <- list(at = at, names = rownames(tp$est), estimate = rows(tp$est), variance = rows(tp$var))
one <- with(competing, cuminc(etime, code, cencode = 0)); all <- sort(unique(competing$etime)); tp <- timepoints(one, all)
out$cuminc_all <- list(time = all, estimate = rows(tp$est), variance = rows(tp$var))
competing$old <- cut(competing$age, c(0, 60, 75, 200), labels = FALSE)
out$gray <- list(two = rows(ci$Tests), rho = rows(with(competing, cuminc(etime, code, sex, cencode = 0, rho = 1))$Tests),
  three = rows(with(competing, cuminc(etime, code, old, cencode = 0))$Tests),
  strata = rows(with(competing, cuminc(etime, code, old, strata = sex, cencode = 0))$Tests))

# the log-rank family; with delayed entry as the score test of the exact conditional likelihood
for (r in c(0, 0.5, 1)) out[[paste0("logrank_rho_", r)]] <- tested(survdiff(Surv(time, dead) ~ ph.ecog, lung, rho = r))
out$logrank_strata <- tested(survdiff(Surv(time, dead) ~ sex + strata(ph.ecog), lung))
out$logrank_late <- list(chisq = plain(coxph(Surv(start, stop, event) ~ transplant, heart, ties = "exact", iter.max = 0)$score))
out$trend <- list(chisq = plain(coxph(Surv(time, dead) ~ ph.ecog, lung, ties = "exact", iter.max = 0)$score))

# limits of survival, quantiles, restricted means, cumulative hazards, follow-up
for (type in c("logit", "arcsin")) { s <- survfit(Surv(time, status) ~ x, aml, conf.type = type)
  out[[paste0("aml_", type)]] <- list(lower = plain(s$lower), upper = plain(s$upper)) }
s <- survfit(Surv(time, dead) ~ sex, lung); q <- quantile(s, c(.1, .25, .5, .75))
out$quantiles <- list(p = c(.1, .25, .5, .75), time = rows(q$quantile), lower = rows(q$lower), upper = rows(q$upper))
t <- summary(s, rmean = 500)$table
out$rmst <- list(mean = plain(t[, "rmean"]), std_error = plain(t[, grep("^se", colnames(t))]))
w <- 1 + lung$age %% 3
r <- residuals(survfit(Surv(time, dead) ~ 1, lung, weights = w), times = 500, type = "RMST")
out$rmst_jackknife <- list(variance = sum((w * r)^2))
out$hazard <- list(hazard = plain(s$cumhaz), std_error = plain(s$std.chaz))
rob <- survfit(Surv(start, stop, event) ~ 1, heart, id = id, robust = TRUE); left <- rob$n.event + rob$n.censor > 0
out$hazard_persons <- list(time = plain(rob$time[left]), hazard = plain(rob$cumhaz[left]), std_error = plain(rob$std.chaz[left]),
                           survival_error = plain(rob$std.err[left]))
f <- survfit(Surv(time, !dead) ~ sex, lung); q <- quantile(f, 0.5)
out$follow_up <- list(median = plain(q$quantile), lower = plain(q$lower), upper = plain(q$upper))
landmark <- subset(lung, time > 100)
s <- survfit(Surv(time, dead) ~ sex, landmark, start.time = 100); at <- summary(s, times = c(200, 400), extend = TRUE)
out$landmark <- list(survival = plain(at$surv), std_error = plain(at$std.err))

# rates: attained age by pyears, calendar periods by Lexis, ratio, differences, standardised
edges <- c(0, 50, 60, 70, 80, 90, 120)
rates$days <- rates$fu * 365.25
py <- pyears(Surv(days, death) ~ tcut(age * 365.25, edges * 365.25) + sex, rates, scale = 365.25)
out$pyears <- list(person_years = plain(py$pyears), n = plain(py$n), events = plain(py$event))
x <- Lexis(entry = list(per = dxyr, years = age), duration = fu, entry.status = 0 * death, exit.status = death, data = rates, id = id)
x <- splitLexis(splitLexis(x, seq(1950, 2010, 10), "per"), seq(20, 110, 10), "years")
x$p <- timeBand(x, "per", "left"); x$g <- timeBand(x, "years", "left")
g <- aggregate(cbind(py = lex.dur, ev = lex.Xst) ~ g + p, x, sum)
out$lexis <- list(age = g$g, period = g$p, person_years = g$py, events = g$ev)
d <- aggregate(cbind(fu, death) ~ sex, rates, sum); b <- poisson.test(rev(d$death), rev(d$fu))
out$ratio <- list(ratio = plain(b$estimate), lower = b$conf.int[1], upper = b$conf.int[2], p = b$p.value)
few <- poisson.test(c(2, 9), c(31.5, 60)); out$ratio_few <- list(ratio = plain(few$estimate), lower = few$conf.int[1], upper = few$conf.int[2], p = few$p.value)
l <- cipoisson(d$death, d$fu); r <- d$death / d$fu; gap <- r[2] - r[1]
out$difference <- list(difference = gap, lower = gap - sqrt((r[2] - l[2, 1])^2 + (l[1, 2] - r[1])^2), upper = gap + sqrt((l[2, 2] - r[2])^2 + (r[1] - l[1, 1])^2))
k <- c(0, 1, 2, 5, 30, 500); tail <- 0.025
low <- sapply(k, function(d) if (d == 0) 0 else uniroot(function(m) 1 - ppois(d, m) + dpois(d, m) / 2 - tail, c(1e-9, d), tol = 1e-13)$root)
high <- sapply(k, function(d) uniroot(function(m) ppois(d, m) - dpois(d, m) / 2 - tail, c(d, d + 20 + 5 * sqrt(d)), tol = 1e-13)$root)
out$mid_p <- list(events = k, lower = low, upper = high)
bands <- py$event; T <- py$pyears; standard <- rowSums(T)
ds <- sapply(1:2, function(j) { w <- standard / sum(standard) / T[, j]; y <- sum(w * bands[, j]); v <- sum(w^2 * bands[, j]); m <- max(w)
  c(y, sqrt(v), qgamma(0.025, y^2 / v, scale = v / y), qgamma(0.975, (y + m)^2 / (v + m^2), scale = (v + m^2) / (y + m))) })
out$standardised <- list(standard = plain(standard), rate = plain(ds[1, ]), std_error = plain(ds[2, ]), lower = plain(ds[3, ]), upper = plain(ds[4, ]))
external <- c(0.002, 0.006, 0.012, 0.03, 0.08, 0.2); E <- colSums(T * external); O <- colSums(bands); l <- cipoisson(O, E)
out$ratio_to_external <- list(rates = external, observed = plain(O), expected = plain(E), lower = plain(l[, 1]), upper = plain(l[, 2]))
out$versions <- list(R = paste(R.version$major, R.version$minor, sep = "."), survival = as.character(packageVersion("survival")),
  cmprsk = as.character(packageVersion("cmprsk")), Epi = as.character(packageVersion("Epi")))
writeLines(toJSON(out, auto_unbox = TRUE, digits = I(17), na = "null", pretty = FALSE), out_file)
