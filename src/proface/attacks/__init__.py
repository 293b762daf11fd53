"""Attacks on protected pictures, without the key: what do they tell that their look does not?

    material    faces to train on and to test on, cut as `protect` cuts them
    victims     what the attacker sees: a model's pictures, and pictures that leak on purpose
    restorer    the network that tries to bring the face back
    judging     how much came back: decibels, LPIPS, whether recognisers name the person
    intervals   how sure a figure is
    report      findings and verdicts as JSON and Markdown

and each attack in a file of its own. Needs the extra `evaluate`. docs/ATTACKS.md has the figures.
"""
