/*
 * Trains each learner for each target, with the predictions of samples that were held out.
 *
 * Whole: one task a target and learner does every fold and the final model, so that what it costs
 * to start (TensorFlow: seconds) is paid once. Scattered: tasks of a few folds each, for executors
 * with room, then a task that trains the final model and is given the predictions of the others.
 * Both ways end with the same tables.
 */
include { TRAIN_DL; TRAIN_DL as TRAIN_DL_FINAL } from '../modules/train_dl/main.nf'
include { TRAIN_RF; TRAIN_RF as TRAIN_RF_FINAL } from '../modules/train_rf/main.nf'

workflow CROSS_VALIDATE {
    take:
    expression // the one table of all samples
    design     // map: targets, learners, schemes, folds, folds_per_task (0: whole)

    main:
    jobs = channel.fromList(design.folds_per_task ? scattered(design) : whole(design))
        .combine(expression)
        .map { job, table -> [job, table, []] }
        .branch { job, _table, _out_of_fold ->
            dl: job.learner == 'dl'
            rf: job.learner == 'rf'
        }
    TRAIN_DL(jobs.dl)
    TRAIN_RF(jobs.rf)

    // predictions of a few folds -> those of one target and learner, in the order of the jobs
    finals = TRAIN_DL.out.predictions
        .mix(TRAIN_RF.out.predictions)
        .filter { job, _table -> !job.model }
        .map { job, table -> [groupKey([job.target, job.learner], job.of), job.number, table] }
        .groupTuple()
        .map { key, numbers, tables -> [finalJob(key.target[0], key.target[1]), inOrder(numbers, tables)] }
        .combine(expression)
        .map { job, tables, table -> [job, table, tables] }
        .branch { job, _table, _out_of_fold ->
            dl: job.learner == 'dl'
            rf: job.learner == 'rf'
        }
    TRAIN_DL_FINAL(finals.dl)
    TRAIN_RF_FINAL(finals.rf)

    models = TRAIN_DL.out.model.mix(TRAIN_RF.out.model, TRAIN_DL_FINAL.out.model, TRAIN_RF_FINAL.out.model)
    predictions = TRAIN_DL.out.predictions
        .mix(TRAIN_RF.out.predictions)
        .filter { job, _table -> job.model }
        .mix(TRAIN_DL_FINAL.out.predictions, TRAIN_RF_FINAL.out.predictions)
    importance = TRAIN_RF.out.importance
    sections = TRAIN_RF.out.sections

    emit:
    models      // tuples of job and file
    predictions // tuples of job and table, one a target and learner
    importance  // tuples of job and table, of forests that did all folds in one task
    sections    // the same for the report
}

// One job a target and learner: every scheme, every fold, the final model.
def whole(design) {
    return [design.targets, design.learners].combinations().collect { target, learner ->
        finalJob(target, learner) + [schemes: design.schemes]
    }
}

// One job for every few folds of a scheme; `of` jobs of a target and learner make a whole.
def scattered(design) {
    def parts = design.schemes.collectMany { scheme ->
        (0..<design.folds).toList().collate(design.folds_per_task).collect { folds -> [scheme: scheme, folds: folds] }
    }
    return [design.targets, design.learners].combinations().collectMany { target, learner ->
        parts.withIndex().collect { part, number ->
            finalJob(target, learner) + [
                name: "${target}.${learner}.${part.scheme}.${part.folds.join('_')}",
                schemes: [part.scheme],
                folds: part.folds,
                model: false,
                number: number,
                of: parts.size(),
            ]
        }
    }
}

// Tables in the order of their numbers.
def inOrder(numbers, tables) {
    return numbers.withIndex().sort().collect { _number, index -> tables[index] }
}

def finalJob(target, learner) {
    return [name: "${target}.${learner}", target: target, learner: learner, schemes: [], folds: [], model: true]
}
