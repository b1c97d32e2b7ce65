# RERI, AP and S by their textbook formulas from coxph's coefficients and covariance: delta method (Hosmer & Lemeshow
# 1992) and MOVER (Zou 2008), their p-values, and rate differences, on two public data sets.
# From the repository root: Rscript tests/parity/r/additive.R [expected.json]
suppressPackageStartupMessages({ library(survival); library(jsonlite) })
out_file <- c(commandArgs(TRUE), "tests/parity/expected/additive.json")[1]
tight <- coxph.control(eps = 1e-12, toler.chol = 1e-13, iter.max = 60)
z <- qnorm(0.975)

# l: log HR10, log HR01, log HR11; C: their covariance
additive <- function(l, C) {
  h <- exp(l); h10 <- h[1]; h01 <- h[2]; h11 <- h[3]
  reri <- h11 - h10 - h01 + 1; ap <- reri / h11
  delta <- function(value, g, null = 0) { s <- sqrt(drop(g %*% C %*% g)); list(estimate = value, se = s, lower = value - z * s, upper = value + z * s, p = 2 * pnorm(-abs(value - null) / s)) }
  out <- list(hr = unname(h))
  out$RERI <- list(delta = delta(reri, c(-h10, -h01, h11)))
  out$AP <- list(delta = delta(ap, c(-h10 / h11, -h01 / h11, (h10 + h01 - 1) / h11)))
  # MOVER for t1 - t2 - t3 + 1: t_i = exp(a_i), limits exp(a_i -+ k s_i), correlations of the a_i
  mover <- function(a, A, k) { s <- sqrt(diag(A)); r <- cov2cor(A); t <- exp(a); lo <- exp(a - k * s); up <- exp(a + k * s); v <- t[1] - t[2] - t[3] + 1
    dl <- c(t[1] - lo[1], up[2] - t[2], up[3] - t[3]); du <- c(up[1] - t[1], t[2] - lo[2], t[3] - lo[3])
    D <- function(d) sqrt(sum(d^2) - 2 * r[1, 2] * d[1] * d[2] - 2 * r[1, 3] * d[1] * d[3] + 2 * r[2, 3] * d[2] * d[3])
    list(value = v, lower = v - D(dl), upper = v + D(du)) }
  with_p <- function(a, A) { m <- mover(a, A, z); side <- if (m$value > 0) "lower" else "upper"
    k <- uniroot(function(k) mover(a, A, k)[[side]], c(1e-9, 12), tol = 1e-13)$root
    list(lower = m$lower, upper = m$upper, p = 2 * pnorm(-k)) }
  P <- rbind(c(0, 0, 1), c(1, 0, 0), c(0, 1, 0)); out$RERI$MOVER <- with_p(drop(P %*% l), P %*% C %*% t(P))
  Q <- rbind(c(0, 0, -1), c(1, 0, -1), c(0, 1, -1)); out$AP$MOVER <- with_p(drop(Q %*% l), Q %*% C %*% t(Q))
  if (h11 > 1 && h10 + h01 > 2) {
    s <- (h11 - 1) / (h10 + h01 - 2); g <- c(-h10 / (h10 + h01 - 2), -h01 / (h10 + h01 - 2), h11 / (h11 - 1)); d <- delta(log(s), g)
    out$S <- list(delta = list(estimate = s, se = d$se, lower = exp(d$lower), upper = exp(d$upper), p = d$p)) }
  out }
from <- function(f, V, w10, w01, w11) { b <- coef(f); pick <- function(w) { v <- setNames(rep(0, length(b)), names(b)); v[names(w)] <- w; v }
  L <- rbind(pick(w10), pick(w01), pick(w11)); additive(drop(L %*% b), L %*% V %*% t(L)) }
out <- list()

# --- primary biliary cholangitis: low albumin by oedema (three levels) ------------------------------------------------
p <- read.csv("tests/data/pbc_interactions.csv"); p$low <- p$albumin < 3.5
p$edema3 <- factor(p$edema, c(0, 0.5, 1), c("none", "treated", "despite"))
f <- coxph(Surv(time, death) ~ low * edema3 + age, p, control = tight); n <- names(coef(f))
for (m in c("treated", "despite")) out$pbc[[m]] <- from(f, vcov(f), c(lowTRUE = 1), setNames(1, paste0("edema3", m)), setNames(c(1, 1, 1), c("lowTRUE", paste0("edema3", m), paste0("lowTRUE:edema3", m))))
# within the levels "treated" and "despite", low albumin or not: the pair that is not the fit's own reference
b <- coef(f); V <- vcov(f); L <- rbind(c(1, 0, 0, 0, 1, 0), c(0, -1, 1, 0, 0, 0), c(1, -1, 1, 0, 0, 1)); stopifnot(identical(n, c("lowTRUE", "edema3treated", "edema3despite", "age", "lowTRUE:edema3treated", "lowTRUE:edema3despite")))
out$pbc$despite_against_treated <- additive(drop(L %*% b), L %*% V %*% t(L))
# a joint reference named beforehand: low albumin without oedema
L <- rbind(c(-1, 0, 0, 0, 0, 0), c(0, 0, 1, 0, 0, 1), c(-1, 0, 1, 0, 0, 0)); out$pbc$reference_low_none <- additive(drop(L %*% b), L %*% V %*% t(L))

# --- the same trial, a continuous exposure: log bilirubin 1 against 0, by sex -----------------------------------------
p$sex <- factor(p$sex, c("f", "m")); g <- coxph(Surv(time, death) ~ lb * sex + age, p, control = tight)
out$continuous <- from(g, vcov(g), c(lb = 1), c(sexm = 1), c(lb = 1, sexm = 1, "lb:sexm" = 1))

# --- lung cancer: sex by performance status, model-based and with the sandwich over institutions ----------------------
l <- read.csv("tests/data/lung.csv"); l <- l[!is.na(l$ph.ecog) & !is.na(l$inst), ]; l$dead <- as.integer(l$status == 2); l$male <- l$sex == 1; l$poor <- l$ph.ecog >= 1
h <- coxph(Surv(time, dead) ~ male * poor + age, l, control = tight)
r <- coxph(Surv(time, dead) ~ male * poor + age, l, control = tight, cluster = l$inst)
w <- list(c(maleTRUE = 1), c(poorTRUE = 1), c(maleTRUE = 1, poorTRUE = 1, "maleTRUE:poorTRUE" = 1))
out$lung$model <- from(h, vcov(h), w[[1]], w[[2]], w[[3]])
out$lung$robust <- from(r, vcov(r), w[[1]], w[[2]], w[[3]])

# --- crude rate differences with Garwood limits joined by MOVER ---------------------------------------------------------
rate <- function(rows) { d <- sum(rows$dead); t <- sum(rows$time); c(d / t, qchisq(.025, 2 * d) / 2 / t, qchisq(.975, 2 * d + 2) / 2 / t) }
difference <- function(a, b) { x <- rate(a); y <- rate(b); v <- x[1] - y[1]; list(estimate = v, lower = v - sqrt((x[1] - x[2])^2 + (y[3] - y[1])^2), upper = v + sqrt((x[3] - x[1])^2 + (y[1] - y[2])^2)) }
out$lung$rate_difference <- list(well = difference(l[l$male & !l$poor, ], l[!l$male & !l$poor, ]), poor = difference(l[l$male & l$poor, ], l[!l$male & l$poor, ]))

out$versions <- list(R = paste(R.version$major, R.version$minor, sep = "."), survival = as.character(packageVersion("survival")))
writeLines(toJSON(out, auto_unbox = TRUE, digits = I(17), na = "null", pretty = FALSE), out_file)
