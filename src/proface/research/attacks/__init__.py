"""Attacks on protected pictures without the key: what do they leak beyond the look?

face_sets          face crops for training and testing, cut as `protect` cuts them
attack_targets     what the attacker sees: a model's pictures, and positive controls that leak
saved_pictures     pictures as they come out of the file that they are usually in
samples            the attackers' training samples
restorer_network   the network that tries to restore the face
attackers          one network per target, and its training state
attacker_training  trains attackers side by side and evaluates them
scoring            how much was recovered: PSNR, LPIPS, rank-1 identification, verification
confidence         95 % confidence intervals
findings           verdicts and tables as JSON and Markdown
run_attacks        runs the attacks, each of which has a module of its own

Needs the extra `evaluate`. Results: docs/ATTACKS.md.
"""
