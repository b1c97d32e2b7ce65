# Standardised risks by R's survival: survfit of every person with the exposure set, averaged over the cohort; for
# tests/parity/test_standardise.py.
# Run from the repository root: Rscript tests/parity/r/standardise.R [FILE]
suppressPackageStartupMessages({library(survival); library(jsonlite)})
options(digits = 17, contrasts = c("contr.treatment", "contr.poly"))
out_file <- c(commandArgs(trailingOnly = TRUE), "tests/parity/expected/standardise.json")[1]
read <- function(name) read.csv(file.path("tests", "data", name), na.strings = "", check.names = FALSE)
plain <- function(x) as.numeric(unname(x))
matrix_rows <- function(m) lapply(seq_len(nrow(m)), function(i) I(plain(m[i, ])))
tight <- coxph.control(eps = 1e-11, iter.max = 60)
out <- list()

# mean survival of the cohort at times, and its integral up to each, the exposure set to each value
over <- function(fit, data, exposure, values, times, weight = rep(1, nrow(data))) {
  both <- lapply(values, function(v) {
    data[[exposure]] <- if (is.factor(data[[exposure]])) factor(v, levels(data[[exposure]])) else v
    s <- lapply(seq_len(nrow(data)), function(i) survfit(fit, newdata = data[i, ]))
    at <- sort(unique(c(0, unlist(lapply(s, function(x) x$time)), times)))
    S <- sapply(s, function(x) stepfun(x$time, c(1, x$surv))(at)); mean_S <- as.vector(S %*% (weight / sum(weight)))
    list(risk = 1 - stepfun(at[-1], mean_S)(times),
         rmst = sapply(times, function(t) sum(diff(at[at <= t]) * head(mean_S[at <= t], -1))))
  })
  list(times = I(times), risk = matrix_rows(t(sapply(both, `[[`, "risk"))), rmst = matrix_rows(t(sapply(both, `[[`, "rmst"))))
}

lung <- read("lung.csv"); lung <- lung[complete.cases(lung[, c("time", "status", "age", "sex", "ph.ecog")]), ]
lung$hi <- as.numeric(lung$ph.ecog > 0); T1 <- c(180, 365, 500)
for (t in c("efron", "breslow"))
  out[[paste0("lung_", t)]] <- over(coxph(Surv(time, status) ~ sex * age + ph.ecog, lung, ties = t, control = tight), lung, "sex", 1:2, T1)
out$lung_continuous <- over(coxph(Surv(time, status) ~ sex + age + I(age^2) + ph.ecog, lung, control = tight), lung, "age", c(50, 60, 70), T1)
out$lung_strata <- over(coxph(Surv(time, status) ~ sex + age + strata(hi), lung, control = tight), lung, "sex", 1:2, T1)
out$lung_exposure_is_stratum <- over(coxph(Surv(time, status) ~ age + strata(sex), lung, control = tight), lung, "sex", 1:2, T1)
lung$w <- 1 + lung$age %% 3
out$lung_weights <- over(coxph(Surv(time, status) ~ sex + age, lung, weights = w, control = tight), lung, "sex", 1:2, T1, lung$w)

pbc <- read("pbc_interactions.csv"); kept <- read("pbcseq_persons.csv"); pbc$status <- kept$status[match(pbc$id, kept$id)]
pbc$low <- factor(pbc$albumin < 3.5, c(FALSE, TRUE)); pbc$entry <- ifelse(pbc$id %% 4 == 0, 40, 0); pbc <- pbc[pbc$time > pbc$entry, ]
T2 <- c(365, 1000, 2500)
f <- coxph(Surv(entry, time, status == 2) ~ low + age + lb, pbc, control = tight)
out$pbc_late_entry <- over(f, pbc, "low", c("FALSE", "TRUE"), T2)
# competing: death (2) and transplantation (1), each cause by its own Cox model; the two by hand, and survival's
# multi-state survfit where both have one formula
g <- coxph(Surv(time, status == 2) ~ low + age + lb, pbc, control = tight)
h <- coxph(Surv(time, status == 1) ~ low + age + lb, pbc, control = tight)
by_hand <- function(f1, f2, value) {
  data <- pbc; data$low <- factor(value, levels(pbc$low))
  b1 <- basehaz(f1, centered = FALSE); b2 <- basehaz(f2, centered = FALSE)
  at <- sort(unique(c(b1$time, b2$time))); step <- function(b) diff(c(0, stepfun(b$time, c(0, b$hazard))(at)))
  h1 <- step(b1); h2 <- step(b2)
  risk <- function(f) exp(drop(model.matrix(~ low + age + lb, data)[, -1] %*% coef(f)))
  r1 <- risk(f1); r2 <- risk(f2)
  F <- rowMeans(sapply(seq_along(r1), function(i) {
    a <- r1[i] * h1; b <- r2[i] * h2; S <- exp(-cumsum(c(0, a + b)))[seq_along(a)]
    cumsum(ifelse(a + b > 0, S * a * (1 - exp(-(a + b))) / (a + b), 0))
  }))
  list(risk = stepfun(at, c(0, F))(T2), lost = sapply(T2, function(t) {
    x <- sort(unique(c(0, at[at <= t], t))); sum(diff(x) * head(stepfun(at, c(0, F))(x), -1)) }))
}
two <- lapply(c("FALSE", "TRUE"), function(v) by_hand(g, h, v))
pbc$state <- factor(pbc$status, 0:2, c("none", "transplanted", "dead"))
# Breslow's ties: the hazards of survival 3.5-3's multi-state survfit are not those of its Efron fit
m <- coxph(Surv(time, state) ~ low + age + lb, pbc, id = id, ties = "breslow", control = tight)
multi <- t(sapply(c("FALSE", "TRUE"), function(v) {
  data <- pbc; data$low <- factor(v, levels(pbc$low))
  s <- survfit(m, newdata = data); j <- which(s$states == "dead")
  P <- rowMeans(s$pstate[, , j]); stepfun(s$time, c(0, P))(T2)
}))
out$pbc_competing <- list(times = I(T2), risk = matrix_rows(t(sapply(two, `[[`, "risk"))), lost = matrix_rows(t(sapply(two, `[[`, "lost"))),
                          survfit_multi_state = matrix_rows(multi))
out$versions <- list(R = as.character(getRversion()), survival = as.character(packageVersion("survival")))
write_json(out, out_file, digits = I(17), auto_unbox = TRUE, na = "null")
