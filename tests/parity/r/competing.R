# Competing risks and several states: R's finegray with coxph, cmprsk::crr, cause-specific and multi-state coxph, and the mean
# cumulative function, for tests/parity/test_competing.py. Run from the repository root: Rscript tests/parity/r/competing.R [FILE]
suppressPackageStartupMessages({library(survival); library(cmprsk); library(jsonlite)})
options(digits = 17)
out_file <- c(commandArgs(trailingOnly = TRUE), "tests/parity/expected/competing.json")[1]
read <- function(name) read.csv(file.path("tests", "data", name), na.strings = "", check.names = FALSE)
plain <- function(x) as.numeric(unname(x))
matrix_rows <- function(m) lapply(seq_len(nrow(m)), function(i) I(plain(m[i, ])))
tight <- coxph.control(eps = 1e-11, iter.max = 60)
dump <- function(f) c(list(n = f$n, nevent = sum(f$nevent), coef = I(plain(f$coefficients)), loglik = I(plain(f$loglik)),
                           vcov = matrix_rows(if (is.null(f$naive.var)) f$var else f$naive.var)),
                      if (!is.null(f$naive.var)) list(robust_vcov = matrix_rows(f$var)))
rows_of <- function(fg) list(rows = nrow(fg), sum_weight = sum(fg$fgwt), head = lapply(as.list(head(fg[order(fg$id, fg$fgstart), c("id", "fgstart", "fgstop", "fgstatus", "fgwt")], 80)), function(z) I(plain(z))))
out <- list()
m <- read("mgus2_competing.csv"); m$ev <- factor(m$code, 0:2, c("censor", "pcm", "death"))
keep <- m[, c("id", "age", "sex", "hgb", "mspike", "etime", "ev")]
for (e in c("pcm", "death")) {
  fg <- finegray(Surv(etime, ev) ~ ., keep, etype = e, id = id); out[[paste0("expanded_", e)]] <- rows_of(fg)
  for (t in c("efron", "breslow")) out[[paste0("finegray_", t, "_", e)]] <- dump(coxph(Surv(fgstart, fgstop, fgstatus) ~ age + sex + mspike + hgb, fg, weights = fgwt, ties = t, cluster = id, control = tight))
}
fg <- finegray(Surv(etime, ev) ~ ., keep, etype = "pcm", id = id)
f <- coxph(Surv(fgstart, fgstop, fgstatus) ~ age + sex + mspike + hgb, fg, weights = fgwt, ties = "breslow", cluster = id, control = tight)
s <- summary(survfit(f, newdata = data.frame(age = c(60, 75), sex = c("M", "F"), mspike = c(1.5, 0.5), hgb = c(13, 12)), conf.type = "log-log"), times = c(12, 60, 120, 240))
out$finegray_incidence <- list(time = I(s$time), incidence = matrix_rows(1 - t(s$surv)), std_error = matrix_rows(t(s$std.err)), lower = matrix_rows(1 - t(s$upper)), upper = matrix_rows(1 - t(s$lower)))
# weights of persons; censoring by sex, which the baseline then needs too; time scale age, with delayed entry
m$w <- 1 + (m$id %% 3) / 2; fg <- finegray(Surv(etime, ev) ~ ., m[, c("id", "age", "sex", "mspike", "etime", "ev", "w")], weights = w, etype = "pcm", id = id)
out$finegray_weights <- dump(coxph(Surv(fgstart, fgstop, fgstatus) ~ age + mspike, fg, weights = fgwt, cluster = id, control = tight))
fg <- finegray(Surv(etime, ev) ~ age + mspike + id + strata(sex), m, etype = "pcm"); fg$sex <- m$sex[match(fg$id, m$id)]; out$expanded_by_sex <- rows_of(fg)
out$finegray_by_sex <- dump(coxph(Surv(fgstart, fgstop, fgstatus) ~ age + mspike + strata(sex), fg, weights = fgwt, cluster = id, control = tight))
m$from <- m$age; m$to <- m$age + m$etime / 12; fg <- finegray(Surv(from, to, ev) ~ ., m[, c("id", "from", "to", "ev", "sex", "mspike", "hgb")], etype = "pcm", id = id); out$expanded_delayed <- rows_of(fg)
out$finegray_delayed <- dump(coxph(Surv(fgstart, fgstop, fgstatus) ~ sex + mspike + hgb, fg, weights = fgwt, cluster = id, control = tight))
X <- cbind(age = m$age, sexM = 1 * (m$sex == "M"), mspike = m$mspike, hgb = m$hgb)
k <- crr(m$etime, m$code, X, failcode = 1, cencode = 0, gtol = 1e-10, maxiter = 50)
out$crr <- list(coef = I(plain(k$coef)), vcov = matrix_rows(k$invinf), robust_vcov = matrix_rows(k$var), loglik = I(c(k$loglik.null, k$loglik)), time = I(k$uftime), incidence = matrix_rows(t(unname(predict(k, rbind(c(60, 1, 1.5, 13), c(75, 0, 0.5, 12))))[, 2:3])))
k <- crr(m$etime, m$code, X[, c("age", "mspike")], failcode = 1, cencode = 0, cengroup = m$sex, gtol = 1e-10, maxiter = 50)
out$crr_by_sex <- list(coef = I(plain(k$coef)), vcov = matrix_rows(k$invinf), loglik = I(c(k$loglik.null, k$loglik)))
for (e in 1:2) out[[paste0("cause_specific_", e)]] <- dump(coxph(Surv(etime, code == e) ~ age + sex + mspike + hgb, m, control = tight))
# several states
d <- read("mgus2_multistate.csv"); d$state <- factor(d$state, 0:2, c("censor", "pcm", "death")); b <- function(formula) coxph(formula, d, id = id, ties = "breslow", control = tight)
g <- b(Surv(tstart, tstop, state) ~ age + sex + hgb); out$states <- dump(g)
out$states_own_terms <- dump(b(list(Surv(tstart, tstop, state) ~ age + sex, 1:2 ~ mspike)))
out$states_shared_baseline <- dump(b(list(Surv(tstart, tstop, state) ~ age + sex, 1:3 + 2:3 ~ 1 / shared)))
out$states_common_effect <- dump(b(list(Surv(tstart, tstop, state) ~ sex, 0:0 ~ age / common)))
p <- summary(survfit(g, newdata = data.frame(age = c(60, 75), sex = c("F", "M"), hgb = c(13, 12)), p0 = c(1, 0, 0)), times = c(12, 60, 120, 240))
out$states_probability <- list(time = I(p$time), first = matrix_rows(p$pstate[, 1, ]), second = matrix_rows(p$pstate[, 2, ]))
# mean cumulative function
s <- survfit(Surv(start, stop, event) ~ rx, read("bladder2.csv"), id = id)
out$mean_cumulative <- list(time = I(s$time), n_risk = I(s$n.risk), n_event = I(s$n.event), mean = I(s$cumhaz), std_error = I(s$std.chaz))
out$versions <- list(R = paste(R.version$major, R.version$minor, sep = "."), survival = as.character(packageVersion("survival")), cmprsk = as.character(packageVersion("cmprsk")))
writeLines(toJSON(out, auto_unbox = TRUE, digits = I(17), na = "null", pretty = FALSE), out_file)
