# Episodes by survival::tmerge from the columns that timeline.py wrote; prints the seconds, the number of rows and the seconds of the processor.
suppressPackageStartupMessages(library(survival))
folder <- commandArgs(trailingOnly = TRUE)[1]
size <- function(name) file.info(file.path(folder, name))$size
whole <- function(name) readBin(file.path(folder, name), "integer", size(name) / 4)
real <- function(name) readBin(file.path(folder, name), "double", size(name) / 8)
persons <- data.frame(id = whole("persons_id"), exit = whole("persons_exit"))
labs <- lapply(c(mg = "mg", ca = "ca", p = "p", alb = "alb", crp = "crp"), function(n)
  data.frame(id = whole(paste0(n, "_id")), day = whole(paste0(n, "_day")), value = real(paste0(n, "_value"))))
spent <- system.time({
  d <- tmerge(persons, persons, id = id, tstop = exit)
  d <- tmerge(d, labs$mg, id = id, mg = tdc(day, value))
  d <- tmerge(d, labs$ca, id = id, ca = tdc(day, value))
  d <- tmerge(d, labs$p, id = id, p = tdc(day, value))
  d <- tmerge(d, labs$alb, id = id, alb = tdc(day, value))
  d <- tmerge(d, labs$crp, id = id, crp = tdc(day, value))
})
cat(spent[["elapsed"]], nrow(d), spent[["user.self"]] + spent[["sys.self"]], "\n")
