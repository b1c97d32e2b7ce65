# Proportional hazards, coefficients that change with time, baseline hazards, survival and predictions by R's
# survival, for tests/parity/test_hazards.py.
# Run from the repository root: Rscript tests/parity/r/hazards.R [FILE]
suppressPackageStartupMessages({library(survival); library(jsonlite)})
options(digits = 17, contrasts = c("contr.treatment", "contr.poly"))
out_file <- c(commandArgs(trailingOnly = TRUE), "tests/parity/expected/hazards.json")[1]
read <- function(name) read.csv(file.path("tests", "data", name), na.strings = "", check.names = FALSE)
plain <- function(x) as.numeric(unname(x))
matrix_rows <- function(m) lapply(seq_len(nrow(m)), function(i) I(plain(m[i, ])))
values <- function(r) if (is.matrix(r)) matrix_rows(r) else I(plain(r))
tight <- coxph.control(eps = 1e-11, iter.max = 60)
zph <- function(f, transforms = c("km", "identity", "rank", "log"), y = TRUE, ...) setNames(lapply(transforms, function(tr) {
  z <- cox.zph(f, transform = tr, ...)
  r <- list(chi2 = I(plain(z$table[, 1])), df = I(plain(z$table[, 2])), x = plain(sum(z$x)), var = matrix_rows(z$var))
  if (y) { r$time <- values(z$time); r$y <- matrix_rows(z$y) }
  r }), transforms)
fitted_to <- function(f) list(names = I(names(coef(f))), coef = values(coef(f)), vcov = matrix_rows(vcov(f)), loglik = values(f$loglik))
base <- function(f) list(centered = values(basehaz(f)$hazard), uncentered = values(basehaz(f, centered = FALSE)$hazard), time = values(basehaz(f)$time))
WHAT <- c("time", "n.risk", "n.event", "n.censor", "cumhaz", "std.err", "surv", "lower", "upper")
curve <- function(s, what = WHAT)
  setNames(lapply(what, function(k) values(s[[k]])), gsub(".", "_", what, fixed = TRUE))
both <- function(p) list(fit = values(p$fit), se = values(p$se.fit))
out <- list()

heart <- read("heart.csv"); heart$transplant <- factor(heart$transplant)
for (t in c("efron", "breslow")) {
  f <- coxph(Surv(start, stop, event) ~ (age + surgery) * transplant, heart, ties = t, control = tight)
  out[[paste0("zph_heart_", t)]] <- zph(f); out[[paste0("zph_heart_", t, "_columns")]] <- zph(f, "km", terms = FALSE)
}
out$zph_heart_strata <- zph(coxph(Surv(start, stop, event) ~ age + year + strata(transplant), heart, control = tight))
lung <- read("lung.csv"); w <- lung[complete.cases(lung[, c("inst", "age", "ph.ecog", "wt.loss")]), ]
out$zph_strata_inst <- zph(coxph(Surv(time, status) ~ age + ph.ecog + strata(inst), w, control = tight))
age <- read("mgus2_age.csv"); age$sex <- factor(age$sex, c("F", "M")); age <- age[complete.cases(age[, c("sex", "hgb", "creat", "mspike")]), ]
out$zph_age <- zph(coxph(Surv(entry, exit, death) ~ sex + hgb + creat, age, control = tight), y = FALSE)
pbc <- read("pbc_zph.csv"); pbc$edf <- factor(pbc$edema)
f <- coxph(Surv(time, death) ~ age + edf + log(bili) + log(protime) + log(albumin), pbc, control = tight)
out$zph_pbc <- zph(f); out$zph_pbc_columns <- zph(f, terms = FALSE)
out$zph_pbc_sqrt <- list(chi2 = values(cox.zph(f, transform = function(t) sqrt(t))$table[, 1]))
out$zph_pbc_weighted <- zph(coxph(Surv(time, death) ~ age + log(bili), pbc, weights = 1 + (pbc$id %% 2), robust = FALSE, control = tight))

# coefficients that change with time
pbc$lpro <- log(pbc$protime)
out$tt_log <- fitted_to(coxph(Surv(time, death) ~ age + log(bili) + tt(lpro) + lpro, pbc, tt = function(x, t, ...) x * log(t), control = tight))
out$tt_step <- fitted_to(coxph(Surv(time, death) ~ age + log(bili) + lpro + tt(lpro), pbc, tt = function(x, t, ...) x * (t > 1000), control = tight))
s <- survSplit(Surv(time, death) ~ ., pbc[, c("id", "time", "death", "age", "bili", "lpro")], cut = c(365, 1000), episode = "tg")
out$survsplit <- c(fitted_to(coxph(Surv(tstart, time, death) ~ age + log(bili) + lpro:strata(tg), s, control = tight)),
                   list(tstart = values(s$tstart), time = values(s$time), death = values(s$death), tg = values(s$tg)))

# baseline, survival, predictions
d <- lung[complete.cases(lung[, c("age", "sex", "ph.ecog")]), ]
three <- Surv(time, status) ~ age + sex + ph.ecog
nd <- data.frame(age = c(50, 60, 75), sex = c(1, 2, 1), ph.ecog = c(0, 1, 2)); ended <- cbind(nd, time = c(180, 365, 730), status = 1)
for (t in c("efron", "breslow")) {
  f <- coxph(three, d, ties = t, control = tight)
  out[[paste0("base_", t)]] <- base(f)
  for (ct in c("log", "log-log", "plain")) out[[paste0("curve_", t, "_", ct)]] <- curve(survfit(f, newdata = nd, conf.type = ct), if (ct == "log") WHAT else c("lower", "upper"))
  out[[paste0("curve_", t, "_90")]] <- curve(survfit(f, newdata = nd[1, ], conf.int = 0.9), c("lower", "upper"))
  p <- list(lp = both(predict(f, newdata = nd, type = "lp", se.fit = TRUE)),
            terms = both(predict(f, type = "terms", se.fit = TRUE)),
            expected = both(predict(f, newdata = ended, type = "expected", se.fit = TRUE)),
            survival = both(predict(f, newdata = ended, type = "survival", se.fit = TRUE)))
  p$terms <- lapply(p$terms, head, 10)
  for (r in c("sample", "strata", "zero")) p[[paste0("risk_", r)]] <- both(predict(f, newdata = nd, type = "risk", se.fit = TRUE, reference = r))
  out[[paste0("predict_", t)]] <- p
}
f <- coxph(Surv(time, status) ~ age + ph.ecog + strata(sex), d, control = tight); two <- data.frame(age = c(50, 70), ph.ecog = c(0, 2))
out$strata <- list(centered = values(basehaz(f)$hazard), all = curve(survfit(f, newdata = two)), own = curve(survfit(f, newdata = cbind(two, sex = 1:2))),
                   lp_strata = values(predict(f, reference = "strata")), lp_sample = values(predict(f, reference = "sample")))
w$w1 <- 1 + (w$age %% 3); w$w2 <- round(0.25 + w$wt.loss^2 / 400 + w$age / 80, 4)
for (v in c("w1", "w2")) for (t in c("efron", "breslow")) {
  w$W <- w[[v]]; f <- coxph(three, w, weights = W, ties = t, robust = TRUE, control = tight)
  out[[paste("base", v, t, sep = "_")]] <- base(f)
}
f <- coxph(Surv(time, status) ~ age + offset(0.3 * ph.ecog) + sex, w, control = tight)
out$offset <- list(lp_sample = values(predict(f, type = "lp", reference = "sample")), lp_zero = values(predict(f, type = "lp", reference = "zero")), expected = values(predict(f, type = "expected")))
P <- read("pbcseq_episodes.csv"); P$lb <- log(P$bili)
f <- coxph(Surv(tstart, tstop, d) ~ lb + age + albumin, P, control = tight)
path <- data.frame(tstart = c(0, 365, 1100, 0, 500), tstop = c(365, 1100, 2500, 500, 2500), d = 0, lb = log(c(1, 2, 6, 3, 1.2)),
                   age = c(50, 50, 50, 60, 60), albumin = c(3.8, 3.6, 3.0, 3.5, 3.7), subj = c(1, 1, 1, 2, 2))
out$path <- curve(survfit(f, newdata = path, id = subj))
out$delayed <- c(list(uncentered = values(basehaz(f, centered = FALSE)$hazard)), curve(survfit(f, newdata = data.frame(lb = log(c(1, 5)), age = 50, albumin = 3.5)), c("cumhaz", "std.err")))
out$versions <- list(R = as.character(getRversion()), survival = as.character(packageVersion("survival")))
write_json(out, out_file, digits = I(17), auto_unbox = TRUE, na = "null")
