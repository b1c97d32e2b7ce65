# Columns that R's coxph makes of a formula, for tests/parity/test_design.py.
# Run from the repository root: Rscript tests/parity/r/design.R [FILE]
suppressPackageStartupMessages({library(survival); library(jsonlite)})
options(digits = 17, contrasts = c("contr.treatment", "contr.poly"))
out_file <- c(commandArgs(trailingOnly = TRUE), "tests/parity/expected/design.json")[1]
d <- read.csv("tests/data/pbc_interactions.csv")
d$trt <- factor(d$trt); d$sex <- factor(d$sex, levels = c("m", "f")); d$stage <- factor(d$stage); d$old <- d$age > 50
formulas <- c("age + sex", "sex * stage", "sex:stage", "sex * stage - sex", "stage + sex:stage", "age:sex", "age * sex",
  "age / sex", "(age + lb) / sex", "(age + sex + trt)^2", "(age + sex + trt)^2 - sex:trt", "age %in% sex", "age + age %in% sex",
  "sex * stage * age", "sex:stage + age", "old * sex", "old:age", "age:lb + old", "age * strata(sex)", "sex:strata(trt) + age", "log(bili) * I(age / 10)", "I(lb^2):sex", "trt + lb / stage", "sex %in% trt + lb", "age - 1",
  "sex * trt - sex - trt")
out <- lapply(formulas, function(f) {
  m <- suppressWarnings(model.matrix(coxph(as.formula(paste("Surv(time, death) ~", f)), d)))
  list(formula = f, names = I(colnames(m)), sums = I(unname(colSums(m))), squares = I(unname(colSums(m^2)))) })
out <- list(columns = out, versions = list(R = paste(R.version$major, R.version$minor, sep = "."), survival = as.character(packageVersion("survival"))))
writeLines(toJSON(out, auto_unbox = TRUE, digits = I(17), pretty = FALSE), out_file)
