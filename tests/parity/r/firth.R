# Firth's penalised partial likelihood by survival's own likelihood and information: at each beta, coxph(init = beta,
# iter = 0) says the log likelihood and the inverse information, optim maximises loglik + log det(information) / 2, and
# uniroot finds the profile limits. For tests/parity/test_firth.py.
# Run from the repository root: Rscript tests/parity/r/firth.R [FILE]
suppressPackageStartupMessages({library(survival); library(jsonlite)})
options(digits = 17, contrasts = c("contr.treatment", "contr.poly"))
out_file <- c(commandArgs(trailingOnly = TRUE), "tests/parity/expected/firth.json")[1]
read <- function(name) read.csv(file.path("tests", "data", name), na.strings = "", check.names = FALSE)
plain <- function(x) as.numeric(unname(x))

firth <- function(formula, data, profiles) {
  frame <- coxph(formula, data, x = TRUE, iter.max = 0); X <- frame$x; Y <- frame$y
  s <- apply(X, 2, sd); X <- sweep(scale(X, scale = FALSE), 2, s, "/")  # so that optim's steps fit all; undone below
  fit <- if (ncol(Y) == 3) agreg.fit else coxph.fit  # what coxph calls
  at <- function(b) fit(X, Y, NULL, NULL, init = b, control = coxph.control(iter.max = 0), weights = NULL, method = "efron", rownames = seq_len(nrow(X)), resid = FALSE)
  height <- function(b) { if (max(abs(b)) > 30) return(-1e6); f <- at(b); h <- f$loglik[1] - as.numeric(determinant(f$var)$modulus) / 2; if (is.finite(h)) h else -1e6 }
  # Richardson's extrapolation of central differences: the rounding of loglik is all that is left
  slope <- function(b) sapply(seq_along(b), function(j) { e <- replace(0 * b, j, 1)
    d <- function(h) (height(b + h * e) - height(b - h * e)) / (2 * h); h <- 2e-2
    D <- c(d(h), d(h / 2), d(h / 4)); for (k in 1:2) D <- (4^k * D[-1] - D[-length(D)]) / (4^k - 1); D })
  climb <- function(b, free) {  # optim, then Newton's steps with the information until the slope is rounding
    if (!length(free)) return(b)
    f <- function(v) -height(replace(b, free, v)); g <- function(v) -slope(replace(b, free, v))[free]
    b[free] <- optim(b[free], f, g, method = "BFGS", control = list(reltol = 1e-8, maxit = 200))$par
    for (k in 1:30) { I <- solve(at(b)$var)[free, free, drop = FALSE]; step <- solve(I, slope(b)[free]); b[free] <- b[free] + step; if (max(abs(step)) < 1e-10) break }
    b }
  top <- climb(rep(0, ncol(X)), seq_len(ncol(X))); best <- height(top); V <- at(top)$var
  out <- list(names = I(colnames(X)), coef = I(plain(top / s)), se = I(plain(sqrt(diag(V)) / s)), loglik = at(top)$loglik[1],
              penalised = I(plain(best + sum(log(s)))), null = I(plain(height(0 * top) + sum(log(s)))))
  for (j in profiles) {
    others <- setdiff(seq_along(top), j)
    fallen <- function(v) { b <- climb(replace(top, j, v), others); 2 * (best - height(b)) }
    root <- function(side) uniroot(function(v) fallen(v) - qchisq(.95, 1), sort(top[j] + side * c(0.5, 3.5) * sqrt(V[j, j])), tol = 1e-9)$root
    out$profile[[colnames(X)[j]]] <- list(chi2 = fallen(0), lower = root(-1) / s[j], upper = root(1) / s[j])
  }
  out
}
out <- list()
# lung cancer, ties by Efron: an ordinary fit, with the interaction of sex and performance status
lung <- read("lung.csv"); lung <- lung[complete.cases(lung[, c("time", "status", "age", "sex", "ph.ecog")]), ]
lung$male <- as.integer(lung$sex == 1); lung$poor <- as.integer(lung$ph.ecog >= 1)
out$lung <- firth(Surv(time, status) ~ male * poor + age, lung, 4)
# heart transplants on (start, stop] rows, few with surgery before
heart <- read("heart.csv")
out$heart <- firth(Surv(start, stop, event) ~ surgery * transplant + age, heart, c(1, 4))
# a likelihood without a maximum: the deaths of men with oedema are taken for the end of their follow-up
pbc <- read("pbc_interactions.csv"); pbc$swollen <- as.integer(pbc$edema > 0); pbc$male <- as.integer(pbc$sex == "m")
few <- pbc; few$death[few$swollen == 1 & few$male == 1] <- 0
out$pbc_separated <- firth(Surv(time, death) ~ swollen * male + age, few, c(1, 4))
out$versions <- list(R = as.character(getRversion()), survival = as.character(packageVersion("survival")))
write_json(out, out_file, digits = I(17), auto_unbox = TRUE, na = "null")
