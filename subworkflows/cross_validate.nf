/*
 * Trains each learner for each target, with the predictions of samples that were held out.
 *
 * Whole: one task a target and learner does every fold and the final model, so that what it costs
 * to start (TensorFlow: seconds) is paid once. Scattered: tasks of a few folds each, for executors
 * with room, then a task that trains the final model and is given the predictions of the others,
 * and what their forests look at.
 * Both ways end with the same tables.
 */
include { TRAIN_DL; TRAIN_DL as TRAIN_DL_FINAL } from '../modules/train_dl/main.nf'
include { TRAIN_RF; TRAIN_RF as TRAIN_RF_FINAL } from '../modules/train_rf/main.nf'

workflow CROSS_VALIDATE {
    take:
    expression // the one table of all samples
    design     // map: targets, learners, schemes, train_on, test_on, folds, folds_per_task (0: whole)

    main:
    jobs = channel.fromList(design.folds_per_task ? scattered(design) : whole(design))
        .combine(expression)
        .branch { job, _table ->
            dl: job.learner == 'dl'
                return [job, _table, []]
            rf: job.learner == 'rf'
                return [job, _table, [], []]
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
    // votes lost in a few folds -> those of one target, in the same order
    votes = TRAIN_RF.out.votes
        .map { job, part -> [groupKey(job.target, job.of_votes), job.number, part] }
        .groupTuple()
        .map { key, numbers, parts -> [key.target, inOrder(numbers, parts)] }
    TRAIN_DL_FINAL(finals.dl)
    TRAIN_RF_FINAL(
        finals.rf
            .map { job, table, tables -> [job.target, job, table, tables] }
            .join(votes)
            .map { _target, job, table, tables, parts -> [job, table, tables, parts] }
    )

    models = TRAIN_DL.out.model.mix(TRAIN_RF.out.model, TRAIN_DL_FINAL.out.model, TRAIN_RF_FINAL.out.model)
    predictions = TRAIN_DL.out.predictions
        .mix(TRAIN_RF.out.predictions)
        .filter { job, _table -> job.model }
        .mix(TRAIN_DL_FINAL.out.predictions, TRAIN_RF_FINAL.out.predictions)
    importance = TRAIN_RF.out.importance.mix(TRAIN_RF_FINAL.out.importance)
    sections = TRAIN_RF.out.sections.mix(TRAIN_RF_FINAL.out.sections)

    emit:
    models      // tuples of job and file
    predictions // tuples of job and table, one a target and learner
    importance  // tuples of job and table, what forests look at
    sections    // the same for the report
}

// One job a target and learner: every scheme, every fold, the final model.
def whole(design) {
    return [design.targets, design.learners].combinations().collect { target, learner ->
        finalJob(target, learner) + [schemes: design.schemes] + sidesOf(design.schemes, design)
    }
}

// One job for every few folds of a scheme, one for a transfer; `of` jobs of a target and learner
// make a whole. The votes are of the scheme that leaves out most, `of_votes` jobs.
def scattered(design) {
    def parts = design.schemes.collectMany { scheme ->
        scheme == 'transfer'
            ? [[scheme: scheme, folds: []]]
            : (0..<design.folds).toList().collate(design.folds_per_task).collect { folds -> [scheme: scheme, folds: folds] }
    }
    def hardest = ['group', 'site', 'random'].find { scheme -> scheme in design.schemes }
    return [design.targets, design.learners].combinations().collectMany { target, learner ->
        parts.withIndex().collect { part, number ->
            finalJob(target, learner) + sidesOf([part.scheme], design) + [
                name: (["${target}.${learner}.${part.scheme}"] + (part.folds ? [part.folds.join('_')] : [])).join('.'),
                schemes: [part.scheme],
                folds: part.folds,
                model: false,
                number: number,
                of: parts.size(),
                votes: learner == 'rf' && part.scheme == hardest,
                of_votes: parts.count { other -> other.scheme == hardest },
            ]
        }
    }
}

// Tables in the order of their numbers.
def inOrder(numbers, tables) {
    return numbers.withIndex().sort().collect { _number, index -> tables[index] }
}

def finalJob(target, learner) {
    return [
        name: "${target}.${learner}",
        target: target,
        learner: learner,
        schemes: [],
        folds: [],
        train_on: [],
        test_on: [],
        model: true,
        votes: false,
    ]
}

// Which groups a transfer trains and tests on; other schemes leave out all in turn.
def sidesOf(schemes, design) {
    return 'transfer' in schemes ? [train_on: design.train_on, test_on: design.test_on] : [:]
}
