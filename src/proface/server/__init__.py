"""The service: REST, and a page for people, over the functions that the commands call.

run       binds the address, makes the private folder, runs uvicorn
app       puts the routes together: `photos`, `jobs` and `job_routes`, `key_routes`, `about`
guard     what every request passes: Host, Origin, token, sizes, headers of answers
forms     fields -> options and keys
uploads, work, private_folder   files, threads and where they are kept
page/     the page: HTML, CSS and ES modules, as they are served
"""
