/**
 * dnf's own library, as its command uses it: the command itself would need root even to look, and would start anew for
 * each trial. Configuration files, plugins and variables of the machine are not read.
 */
export const driver = String.raw`
import json, logging, sys
import rpm
import dnf, dnf.conf, dnf.exceptions
logging.disable(logging.CRITICAL)
order = json.load(sys.stdin)

def open_base(root):
    conf = dnf.conf.Conf()
    conf.config_file_path = '/dev/null'
    conf.installroot = root
    conf.reposdir = []
    conf.varsdir = []
    conf.plugins = False
    conf.pluginpath = []
    conf.pluginconfpath = []
    conf.protected_packages = []
    conf.cachedir = order['folder'] + '/cache'
    conf.system_cachedir = order['folder'] + '/cache'
    conf.persistdir = order['folder'] + '/persist'
    conf.logdir = order['folder'] + '/log'
    conf.best = True
    conf.install_weak_deps = True
    conf.gpgcheck = False
    conf.ignorearch = True
    conf.module_platform_id = 'platform:none'
    conf.arch = order['architecture']
    conf.releasever = '0'
    base = dnf.Base(conf)
    base.repos.add_new_repo('candidate', conf, baseurl=['file://' + order['folder'] + '/repository'])
    # Where rpm keeps its database below the root depends on the distribution.
    rpm.addMacro('_dbpath', '/db')
    base.fill_sack()
    return base

def answer(base, trial):
    base.reset(goal=True)
    try:
        if trial['verb'] == 'install':
            base.install_specs(trial['specs'])
        else:
            for spec in trial['specs']:
                base.upgrade(spec)
        base.resolve()
        return {'works': True}
    except dnf.exceptions.Error as error:
        return {'works': False, 'words': str(error).split('\n')}

bases = {}
answers = []
for trial in order['trials']:
    root = trial['root']
    if root not in bases:
        bases[root] = open_base(root)
    answers.append(answer(bases[root], trial))
json.dump({'answers': answers}, sys.stdout)
`
